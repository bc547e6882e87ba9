"""Work on the seats of a class side by side. Its verbs have tests of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.cli import class_work, flow
from sharklab.cli.class_work import Done
from sharklab.errors import InputError, MachineryError
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

    done = class_work.side_by_side(seats, do, Silent())
    assert ["eve", "ada", "bob", "dan"] == [each.student for each in done]
    kinds = [type(each.error) for each in done]
    assert [InputError, MachineryError, type(None), MachineryError] == kinds
    assert ("/disk", {"web": True}) == (done[1].error and done[1].error.place, done[2].exercises)
