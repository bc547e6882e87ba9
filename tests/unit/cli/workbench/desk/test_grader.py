"""Grade folders in the background: after each change, in turn, without a look at the hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli import flow, seats
from sharklab.cli.workbench.desk import grader as module
from sharklab.cli.workbench.desk.grader import FRESH, Grader, Points, WorkToGrade
from sharklab.evidence import host_state
from sharklab.grading.gradebook.pool import Failure
from sharklab.hosts import student_files
from sharklab.hosts.providers import sleeping
from sharklab.lab import load, seat
from sharklab.lab.model import Plan
from sharklab.message import Message

POINTS: Points = {"page": (1.0, 4.0)}


class Hand:
    """Stands in for the process: it does what a test says, and tells what it was given."""

    def __init__(self) -> None:
        self.given: list[WorkToGrade] = []
        self.outcome: Any = (POINTS, True)
        self.begun, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.ended = threading.Event()

    def do(self, job: WorkToGrade) -> Any:
        """Do a job when the test lets it."""
        self.given.append(job)
        self.begun.release()
        assert self.go.acquire(timeout=60)
        return self.outcome

    def end(self) -> None:
        """Note the end."""
        self.ended.set()


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    """Return the process of a grader, which rests and waits little."""
    own = Hand()
    monkeypatch.setattr(module, "Helper", lambda work: own)
    monkeypatch.setattr(module, "REST", 0.0)
    monkeypatch.setattr(module, "IDLE", 0.05)
    yield own
    own.go.release(100)


@pytest.fixture
def found() -> list[tuple[str, Points, bool]]:
    """Return the list of the points that were found."""
    return []


@pytest.fixture
def grader(mylab: Path, found: list[tuple[str, Points, bool]]) -> Grader:
    """Return a grader of the lab."""
    return Grader(load.read_named(str(mylab)), lambda *given: found.append(given))


def test_change_is_graded_in_turn(grader: Grader, hand: Hand, found: list[Any]) -> None:
    """Who changes again before the turn is graded once. Without work the process ends, and begins again."""
    grader.want("alice", Path("a"))
    assert hand.begun.acquire(timeout=60)
    for student in ("bob", "carol", "bob"):
        grader.want(student, Path(student))
    hand.go.release(3)
    assert hand.ended.wait(60)
    assert ["alice", "bob", "carol"] == [each.student for each in hand.given]
    assert [(name, POINTS, True) for name in ("alice", "bob", "carol")] == found
    hand.ended.clear()
    hand.go.release()
    grader.want("alice", Path("a"))
    assert hand.ended.wait(60) and 4 == len(found)


def test_state_of_the_last_check_counts(grader: Grader, hand: Hand, found: list[Any]) -> None:
    """A check that ends meanwhile knows better: the work is graded once more, with its state."""
    states: list[Any] = [{"server": {"n": 1}}, {"server": {"n": 2}}]
    grader.note_hosts("alice", states[0])
    grader.want("alice", Path("a"))
    assert hand.begun.acquire(timeout=60)
    grader.note_hosts("alice", states[1])
    hand.go.release(2)
    assert hand.ended.wait(60)
    assert states == [each.hosts for each in hand.given] and 1 == len(found)


def test_work_that_cannot_be_graded_changes_nothing(grader: Grader, hand: Hand, found: list[Any]) -> None:
    """The next one is graded."""
    hand.outcome = Failure(Message("broken"))
    grader.want("alice", Path("a"))
    hand.go.release()
    assert hand.ended.wait(60) and [] == found


@pytest.mark.parametrize(
    ("state", "changed", "sleeps", "count"),
    [
        ("running", 0.0, False, 1),
        ("stopped", 0.0, False, 0),
        ("running", 5.0, False, 0),
        ("running", 0.0, True, 0),
    ],
)
def test_fresh_seat_is_one_that_nobody_has_worked_on(
    grader: Grader,
    hand: Hand,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    changed: float,
    sleeps: bool,
    count: int,
) -> None:
    """It is up and awake. The next look comes later."""
    own = seat.register(grader.lab, "alice")
    own.folder.mkdir(parents=True)
    (own.folder / "provisioned").touch()

    monkeypatch.setattr(seats, "look", lambda own: {"hosts": {"server": state}})
    monkeypatch.setattr(student_files, "last_change", lambda own: changed)
    monkeypatch.setattr(sleeping, "is_asleep", lambda own: sleeps)
    hand.go.release(2)
    for _ in range(2):
        grader.measure_fresh()
    assert not count or hand.ended.wait(60)
    assert [WorkToGrade(grader.lab.path, "alice")] * count == hand.given
    assert FRESH not in grader._wanted


def test_points_of_a_folder(mylab: Path, tmp_path: Path, prepare: Callable[[], Path]) -> None:
    """As a check finds them, for a lab without a look at hosts; a seat is graded without any work."""
    folder = prepare()
    (folder / "answers.yml").write_text("page:\n  server_port: 80\n")
    found, sees = module.points(WorkToGrade(mylab, "alice", folder))
    empty, _ = module.points(WorkToGrade(mylab, "alice"))
    assert sees and {"page"} == set(found) == set(empty)
    assert 0.0 == empty["page"][0] and found["page"][1] == empty["page"][1] > 0


@pytest.fixture
def prepare(mylab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Return a function that makes the folder of alice; the priority of this process stays."""
    monkeypatch.setattr("os.setpriority", lambda *_: None)
    flow.prepare(str(mylab), "alice")

    def make() -> Path:
        folder = tmp_path / "work"
        folder.mkdir()
        return folder

    return make


def test_only_a_fresh_seat_is_looked_at(
    mylab: Path, prepare: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the state of the hosts that is known, a folder needs no look."""
    looked: list[str] = []
    monkeypatch.setattr("sharklab.checks.host_demands.is_needed", lambda plan: True)

    def observe(plan: Plan, demands: object) -> dict[str, Any]:
        looked.append(plan.seat.student)
        return {}

    monkeypatch.setattr(host_state, "observe", observe)
    assert (False, []) == (module.points(WorkToGrade(mylab, "alice", prepare()))[1], looked)
    module.points(WorkToGrade(mylab, "alice"))
    assert ["alice"] == looked
