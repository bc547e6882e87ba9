"""The seats of a class on the instructor's pages: jobs for one seat and for many, and their failures."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from sharklab.cli import classroom, seats
from sharklab.cli.workbench.desk.seat_desk import SeatDesk
from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.errors import MachineryError
from sharklab.lab import seat
from tests.support import workbench

TEACHER = Reader("instructor", INSTRUCTOR)
NAMES = {"alice": "Alice Müller", "bob": "Bob Martin", "carol": "Carol <b>"}


@pytest.fixture
def bench(mylab: Path, tmp_path: Path) -> workbench.Bench:
    """Return the workbench of a class of three."""
    return workbench.Bench(str(mylab), "alice", tmp_path / "work", names=NAMES)


def wait(bench: workbench.Bench) -> None:
    """Wait until each job has ended."""
    bench.of_class.seat_desk.jobs._pool.shutdown(wait=True)


def test_failure_of_a_job_is_on_both_pages(bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table shows the jobs that wait; a second job for the same seat is refused."""
    go = threading.Event()

    def up(*_: object, **__: object) -> None:
        assert go.wait(60)
        raise MachineryError("no room")

    monkeypatch.setattr(classroom, "up", up)
    teacher = bench.browser(TEACHER)
    assert 3 == teacher.post("/class/seats", data={"action": "start"}).text.count("<em>")
    assert 422 == teacher.post("/class/seats/alice/start").status_code
    go.set()
    wait(bench)
    assert "no room" in teacher.get("/class/seats/bob/").text
    assert 3 == teacher.get("/class/rows").text.count("no room")


@pytest.mark.parametrize("chosen", [["bob"], ["carol", "alice"]])
def test_chosen_seats_are_removed(
    bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch, chosen: list[str]
) -> None:
    """Those alone; without a choice none is, and nobody outside of the roster counts."""
    done: list[str] = []
    own = {name: seat.register(bench.of_class.lab, name) for name in NAMES}
    monkeypatch.setattr(SeatDesk, "_seats", lambda self, names: [own[name] for name in names])
    monkeypatch.setattr(classroom, "down", lambda own, *_: done.extend(each.student for each in own))
    teacher = bench.browser(TEACHER)
    refused = teacher.post("/class/seats", data={"action": "stop"})
    assert (422, True, True) == (
        refused.status_code,
        'role="alert"' in refused.text,
        "row-bob" in refused.text,
    )
    assert 422 == teacher.post("/class/seats", data={"action": "stop", "student": "mallory"}).status_code
    assert 404 == teacher.post("/class/seats", data={"action": "other", "student": chosen}).status_code
    assert 200 == teacher.post("/class/seats", data={"action": "stop", "student": chosen}).status_code
    wait(bench)
    assert sorted(chosen) == sorted(done)


def test_what_loses_work_is_confirmed_by_the_part_that_sends(bench: workbench.Bench) -> None:
    """htmx reads that of this part alone: one on a button of a form that sends is never asked."""
    tags = re.findall(r"<[^>]*hx-confirm[^>]*>", bench.browser(TEACHER).get("/class/").text)
    assert ["reset", "stop"] == [value for tag in tags for value in re.findall(r'value="(\w+)"', tag)]
    assert all('hx-post="/class/seats"' in tag for tag in tags)


def test_actions_are_the_instructor_s(bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each does the verb of its name; there are no others."""
    done: list[str] = []
    monkeypatch.setattr(seats, "down", lambda lab, student, progress: done.append(student))
    teacher = bench.browser(TEACHER)
    assert 422 == teacher.post("/class/seats/alice/reset").status_code
    assert 404 == teacher.post("/class/seats/alice/other").status_code
    assert 404 == bench.browser().post("/class/seats/alice/stop").status_code
    assert 200 == teacher.post("/class/seats/alice/stop").status_code
    wait(bench)
    assert ["alice"] == done
