"""The seats of a class at the desk: jobs for one seat and for many, and minutes in an exam."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.cli import class_work, classroom, flow, seats, solution
from sharklab.cli.parallel_work import Done
from sharklab.cli.workbench.client import NOBODY
from sharklab.cli.workbench.desk.jobs import DONE, FAILED
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import seat_provider
from sharklab.i18n import translator
from sharklab.lab import exam, plan_file, seat
from sharklab.lab.model import Lab
from sharklab.message import Message
from sharklab.progress import Progress
from tests.support.class_asker import NAMES, ClassAsker
from tests.support.errors import error_of


@pytest.fixture
def ask_of_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClassAsker:
    """Return the desk of a class that works on hosts with a start state."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    return ClassAsker("tp4", tmp_path)


@pytest.fixture
def go() -> Iterator[threading.Event]:
    """Return the event for which jobs wait; it comes at the end, too."""
    event = threading.Event()
    yield event
    event.set()


def test_missing_seats_are_started_together(
    ask: ClassAsker, go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `seats up` does: everybody without a seat; a failure is told with the seat, and the others go on."""
    begun: list[str] = []

    def up(lab: Lab, names: Sequence[str], solved: bool, os: str, progress: Progress, *more: Any) -> None:
        provider, watch = more
        assert "nspawn" == provider
        begun.extend(names)
        with progress.step("seats"):
            assert go.wait(60)
        watch(Done("alice"))
        watch(Done("bob", error=MachineryError("no room")))

    monkeypatch.setattr(classroom, "up", up)
    monkeypatch.setattr(seats, "status", lambda *_: [{"student": "carol", "hosts": {}, "warnings": []}])
    assert {"count": 2} == ask("start", NOBODY)
    assert {"count": 0} == ask("start", NOBODY)
    assert {"count": 0} == ask("stop", NOBODY, students="bob")
    assert "start the seat" in ask.rows()["bob"]["job"]
    go.set()
    ask.wait()
    assert ["alice", "bob"] == begun
    jobs = ask.desk.seat_desk.jobs.list_last_jobs()
    assert {"alice": DONE, "bob": FAILED} == {name: job.state for name, job in jobs.items()}
    job = ask("seat", "bob", lang="fr")["job"]
    assert "no room" in job["said"] and translator("fr").gettext(FAILED) in job["said"] and not job["open"]
    assert ("", "no room" in ask.rows()["bob"]["failed"]) == (ask.rows()["bob"]["job"], True)


@pytest.mark.parametrize(
    ("want", "module", "name"), [("stop", classroom, "down"), ("restart", class_work, "reset")]
)
def test_chosen_seats_have_a_job_of_the_class(
    ask: ClassAsker, monkeypatch: pytest.MonkeyPatch, want: str, module: object, name: str
) -> None:
    """As `seats down` and `seats reset` do; a student without a seat has nothing to lose."""
    done: list[list[str]] = []
    own = [seat.register(ask.lab, student) for student in ("alice", "bob")]
    monkeypatch.setattr(seats, "seats_here", lambda lab: own)
    monkeypatch.setattr(
        module, name, lambda *given: done.append([each.student for each in given[want == "restart"]])
    )
    error_of(InputError, ask, want, NOBODY)
    assert {"count": 2} == ask(want, NOBODY, students="alice,carol")
    ask.wait()
    assert [["alice"]] == done


def test_one_seat_is_started(ask: ClassAsker, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the state in which a student begins, on the provider of this computer."""
    begun: list[tuple[str, str]] = []
    monkeypatch.setattr(flow, "up", lambda plan, *_: begun.append((plan.lab.name, plan.seat.student)))
    assert {"count": 1} == ask("start", "carol")
    ask.wait()
    assert [("mylab", "carol")] == begun


@pytest.mark.parametrize("asked", [None, "cluster"])
def test_new_seats_have_the_provider_of_the_class(
    ask: ClassAsker, monkeypatch: pytest.MonkeyPatch, asked: str | None
) -> None:
    """One or many: the provider that `serve` was told, or that of the seats of the class."""
    if asked is None:
        seat_provider.write(state.folder(state.seat_folder("mylab", "bob")), "cluster")
    begun: list[tuple[str, str]] = []
    monkeypatch.setattr(flow, "up", lambda plan, provider, *_: begun.append((plan.seat.student, provider)))
    monkeypatch.setattr(classroom, "up", lambda lab, names, *more: begun.append((names[0], more[3])))
    own = replace(ask.desk.seat_desk, provider=asked)
    own.handlers()["start"]("carol", {}, [])
    own.handlers()["start"](NOBODY, {"students": "alice"}, [])
    ask.wait()
    assert {("carol", "cluster"), ("alice", "cluster")} == set(begun)


def test_seat_of_an_unknown_provider_hides_no_other(ask: ClassAsker) -> None:
    """Its row and its page say why it has no hosts; the others are there."""
    seat_provider.write(state.folder(state.seat_folder("mylab", "bob")), "cloud")
    rows = ask.rows()
    assert (["alice", "bob", "carol"], {}) == (sorted(rows), rows["bob"]["hosts"])
    assert [("cloud" in line) for line in rows["bob"]["warnings"]] == [True] and not rows["alice"]["warnings"]
    assert rows["bob"]["warnings"] == ask("seat", "bob")["warnings"]


def test_seat_is_removed(ask: ClassAsker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this lab and of this student alone."""
    done: list[tuple[str, str]] = []
    monkeypatch.setattr(seats, "down", lambda lab, student, progress: done.append((lab, student)))
    ask("stop", "bob")
    ask.wait()
    assert [("mylab", "bob")] == done


def test_seat_that_is_not_up_has_nothing_to_lose(ask: ClassAsker) -> None:
    """There is no host, no job, and nothing to reset."""
    expected = {"student": "alice", "hosts": {}, "warnings": [], "job": {}, "losses": []}
    assert expected == ask("seat")
    error_of(MachineryError, ask, "restart")


def test_seat_is_reset(ask_of_hosts: ClassAsker, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its hosts begin again; before that the instructor reads the losses of the student."""
    ask, done = ask_of_hosts, list[tuple[str, ...]]()
    monkeypatch.setattr(solution, "reset", lambda plan, hosts, progress: done.append(hosts))
    warning = Message("host {host} is full", {"host": "server"})
    found = [{"student": "alice", "hosts": {"server": "running"}, "warnings": [warning]}]
    monkeypatch.setattr(seats, "status", lambda *_: found)
    plan_file.save(ask.desk.seat_desk._plan("alice"))
    told = ask("seat", lang="fr")
    assert {"server": translator("fr").gettext("running")} == told["hosts"]
    assert (2, ["host server is full"]) == (len(told["losses"]), told["warnings"])
    ask("restart")
    ask.wait()
    assert [("server", "client", "desktop")] == done


def test_minutes_are_given_to_the_chosen(mylab: Path, tmp_path: Path) -> None:
    """The table shows the end of each student, and a page is told."""
    with (mylab / "lab.yml").open("a") as file:
        file.write("exam: {minutes: 90}\n")
    ask = ClassAsker(str(mylab), tmp_path)
    begin = 1_796_000_000.0
    windows = exam.windows(ask.lab, ask.desk.students, begin)
    exam.note_windows([seat.register(ask.lab, name) for name in NAMES], windows)
    assert {"count": 2} == ask("minutes", NOBODY, students="alice,carol", more="15")
    ends = {name: (row["clock"]["ends"] - begin) / 60 for name, row in ask.rows().items()}
    assert {"alice": 105, "bob": 90, "carol": 105} == ends
    assert 105 * 60 == ask("notes")["ends"] - begin
    for wrong in ({"more": "x"}, {"more": "5", "students": ""}, {"more": "5", "students": "mallory"}):
        error_of(InputError, ask, "minutes", NOBODY, **{"students": "alice", **wrong})
