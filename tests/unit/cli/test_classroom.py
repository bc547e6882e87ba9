"""The seats of a class: those that are worked on together. The verbs have tests of their own."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import classroom, flow
from sharklab.cli.parallel_work import Done
from sharklab.errors import MachineryError
from sharklab.hosts import inventory, playbook, student_files
from sharklab.hosts.image import NOTHING
from sharklab.hosts.providers.provider import NewHosts
from sharklab.hosts.providers.this_computer import CONTAINERS
from sharklab.lab import class_note
from sharklab.lab.model import Plan, Seat


@pytest.mark.parametrize(
    ("seats", "workers", "sizes"),
    [(0, 2, []), (1, 2, [1]), (5, 2, [3, 2]), (30, 2, [15, 15]), (40, 2, [15, 15, 10]), (3, 8, [1, 1, 1])],
)
def test_chunks_keep_all_threads_at_work(
    seats: int, workers: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are few, because each starts Ansible, and no larger than their limit."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(classroom, "_workers", lambda: workers)
    plans = [flow.look_up("ports", "ada")] * seats
    assert sizes == [len(chunk) for chunk in classroom._chunks(plans)]


def test_failures_belong_to_the_seats_of_their_hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no task of a host failed, the playbook itself did: then it is the error of each seat."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    plans = [flow.look_up("ports", student) for student in ("ada", "bob")]
    disks = {host.name: None for host in plans[0].hosts}
    new = [(plan, NewHosts(disks, {})) for plan in plans]  # type: ignore[arg-type]
    error = playbook.PlaybookFailed("no Ansible")
    assert {"ada": error, "bob": error} == classroom._failures(new, error)
    error.failures = {inventory.class_name(plans[1], plans[1].hosts[0].name): "Task: no"}
    [(student, found)] = classroom._failures(new, error).items()
    assert isinstance(found, MachineryError)
    assert ("bob", plans[1].hosts[0].name, "Task: no") == (
        student,
        found.values["host"],
        found.values["said"],
    )


def test_a_fault_on_one_seat_leaves_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A full disk is no error of sharklab's own; it is the line of its seat."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))

    def start(plan: Plan, *rest: object) -> None:
        if plan.seat.student == "ada":
            raise OSError(28, "No space left on device", "/disk")

    monkeypatch.setattr(classroom, "_start", start)
    monkeypatch.setattr(flow, "make_new", lambda *words: None)
    noted: list[Done] = []
    plans = [flow.look_up("ports", student) for student in ("ada", "bob")]
    classroom._up(plans, CONTAINERS, NOTHING, None, noted.append, threading.Event())
    errors = {result.student: result.error for result in noted}
    assert errors["ada"] and ("/disk", None) == (errors["ada"].place, errors["bob"])


def test_a_seat_whose_files_cannot_be_made_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is open as long as the others all the same: the next `seats up` may finish it without a time."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))

    def make(plan: Plan, *rest: object) -> None:
        if plan.seat.student == "ada":
            raise OSError(28, "No space left on device", "/disk")

    monkeypatch.setattr(classroom, "_start", lambda *words: None)
    monkeypatch.setattr(flow, "make_new", make)
    noted: list[Done] = []
    plans = [flow.look_up("ports", student) for student in ("ada", "bob")]
    classroom._up(plans, CONTAINERS, NOTHING, 5.0, noted.append, threading.Event())
    errors = {result.student: result.error for result in noted}
    assert errors["ada"] and ("/disk", None) == (errors["ada"].place, errors["bob"])
    assert [5.0, 5.0] == [class_note.read(plan.seat).until for plan in plans]


def test_seats_whose_playbook_cannot_begin_fail_without_the_other_chunks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A full disk takes no inventory. Each seat of the chunk has the error as its line."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))

    def refuse(*words: object, **options: object) -> None:
        raise OSError(28, "No space left on device", "/disk")

    monkeypatch.setattr(playbook, "run", refuse)
    plans = [flow.look_up("ports", student) for student in ("ada", "bob")]
    state.folder(plans[0].seat.folder)
    failed = classroom._set_up([(plan, NewHosts({}, {})) for plan in plans], threading.Event())
    assert {"ada": "/disk", "bob": "/disk"} == {name: error.place for name, error in failed.items()}


def test_seats_are_looked_at_side_by_side(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each look at a seat on a cluster waits for the engine. The results are in the order of the seats."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    all_there = threading.Barrier(3, timeout=60)
    moments = {"ada": 1.0, "bob": 0.0, "eve": 3.0}

    def look(own: Seat) -> float:
        all_there.wait()
        return moments[own.student]

    monkeypatch.setattr(student_files, "last_change", look)
    monkeypatch.setattr(classroom, "_status", lambda own: {"student": own.student, "at": look(own)})
    own = [flow.look_up("ports", student).seat for student in moments]
    assert ["ada", "eve"] == classroom.with_work(own) == classroom.not_handed_in(own)
    assert list(moments.items()) == [(one["student"], one["at"]) for one in classroom.status(own)]


def test_time_left_counts_the_work_before_the_first_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    """All seats are prepared together: the first one that is done stands for half of the work."""
    monkeypatch.setattr(classroom.time, "monotonic", lambda: 130.0)  # type: ignore[attr-defined]
    told = [classroom._progress(done, 30, done, 100.0).values["seconds"] for done in (1, 15, 30)]
    assert [28, 10, 0] == told
