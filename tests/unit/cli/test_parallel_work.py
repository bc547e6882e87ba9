"""Work on several seats at the same time: what becomes of each."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sharklab.cli import flow, parallel_work
from sharklab.cli.parallel_work import Done
from sharklab.errors import FREE_SPACE, InputError, MachineryError
from sharklab.lab.model import Seat
from sharklab.progress import Silent


def test_a_seat_that_fails_is_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever happens on one seat, the others go on; results keep the order of the seats."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    seats = [flow.look_up("ports", name).seat for name in ("eve", "ada", "bob", "dan")]
    troubles = {
        "eve": InputError("wrong"),
        "ada": OSError(28, "No space left on device", "/disk"),
        "dan": ZeroDivisionError(),
    }

    def do(one: Seat) -> Done:
        if one.student in troubles:
            raise troubles[one.student]
        return Done(one.student, exercises={"web": True})

    done = parallel_work.side_by_side(seats, do, Silent())
    assert ["eve", "ada", "bob", "dan"] == [each.student for each in done]
    kinds = [type(each.error) for each in done]
    assert [InputError, MachineryError, type(None), MachineryError] == kinds
    assert done[1].error and ("/disk", FREE_SPACE) == (done[1].error.place, done[1].error.hint_id)
    assert {"web": True} == done[2].exercises


def test_ctrl_c_begins_no_other_seat(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The seat that is at work comes to its end."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    stopped = threading.Event()
    ended: list[str] = []

    class Stop(threading.Event):
        def set(self) -> None:
            super().set()
            stopped.set()

    def interrupt(futures: object) -> None:
        raise KeyboardInterrupt

    def do(own: Seat) -> Done:
        assert stopped.wait(60)
        ended.append(own.student)
        return Done(own.student)

    monkeypatch.setattr(parallel_work, "as_completed", interrupt)
    monkeypatch.setattr(threading, "Event", Stop)
    own = [flow.look_up("tp4", name).seat for name in ("ada", "bob", "eve")]
    with pytest.raises(KeyboardInterrupt):
        parallel_work.side_by_side(own, do, Silent(), together=1)
    assert len(ended) <= 1
