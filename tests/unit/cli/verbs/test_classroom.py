"""The verbs for the seats of a class, on hosts that only take notes."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.cli import classroom, flow, main, seats
from sharklab.errors import BAD_INPUT, GOOD, INTERRUPTED, NOT_ACHIEVED, InputError
from sharklab.hosts import inventory, student_files
from sharklab.hosts.providers import cgroups, sleeping
from sharklab.hosts.providers.this_computer import ThisComputer
from sharklab.lab import class_news, class_note, exam, feedback_note, submission_store
from sharklab.message import Message
from tests.support.class_seats import ClassSeats
from tests.support.command import refusal, tell
from tests.support.labs import write_lab

CLASS = ("ada", "bob", "eve")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClassSeats:
    """Return a computer that has the roster of a class, and stand beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roster.csv").write_text("\n".join(("student,name", *(f"{name},N" for name in CLASS), "")))
    write_lab(tmp_path / "mylab")
    monkeypatch.setattr(classroom, "_workers", lambda: 1)  # one playbook for the whole class
    return ClassSeats(tmp_path, monkeypatch)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the control groups that are frozen; each seat has one, which has its name."""
    frozen: set[str] = set()
    monkeypatch.setattr(cgroups, "units", lambda pattern: [pattern])
    monkeypatch.setattr(cgroups, "freeze", frozen.add)
    monkeypatch.setattr(cgroups, "thaw", frozen.discard)
    monkeypatch.setattr(cgroups, "is_frozen", frozen.__contains__)
    monkeypatch.setattr(cgroups, "processes", lambda unit: [])
    return frozen


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Run a verb of the class; return its exit code and its JSON."""
    capsys.readouterr()
    code = main.main(["seats", words[0], "./mylab", *words[1:], "--output", "json"])
    return code, json.loads(capsys.readouterr().out)


def up(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Bring the class up."""
    return call(capsys, "up", "--roster", "roster.csv", *words)


def test_up_again_changes_nothing(room: ClassSeats, capsys: pytest.CaptureFixture[str]) -> None:
    """New seats share a playbook. The second time nothing is made, set up or started."""
    code, said = up(capsys)
    assert (GOOD, [True] * 3) == (code, [one["good"] for one in said["seats"]])
    assert (list(CLASS), 1) == (room.done("start"), room.playbooks)
    before = {file: file.stat().st_mtime_ns for file in state.seats_folder().rglob("*")}
    room.calls.clear()
    assert GOOD == up(capsys)[0]
    assert ([("check", "0")], 1) == (room.calls, room.playbooks)
    assert before == {file: file.stat().st_mtime_ns for file in state.seats_folder().rglob("*")}


def test_a_seat_that_fails_is_a_line(room: ClassSeats, capsys: pytest.CaptureFixture[str]) -> None:
    """The others come up, and the next `up` is about that one alone."""
    room.failing = ("bob",)
    code, said = up(capsys)
    assert (NOT_ACHIEVED, [True, False, True]) == (code, [one["good"] for one in said["seats"]])
    assert "the disk is full" in said["seats"][1]["error"]
    room.failing = ()
    room.calls.clear()
    assert (GOOD, ["bob"]) == (up(capsys)[0], room.done("start"))


def test_a_seat_that_another_instructor_holds_is_a_line(
    room: ClassSeats, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the process, for the others are not held up."""
    with seats.hold(flow.look_up("./mylab", "ada").seat):
        code, said = up(capsys)
        assert NOT_ACHIEVED == code
        assert str(os.getpid()) in said["seats"][0]["error"]
        assert ["bob", "eve"] == room.done("start")
        assert GOOD == call(capsys, "down", "--only", "bob,eve")[0]


def test_a_host_that_cannot_be_set_up_fails_its_seat_alone(
    room: ClassSeats, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the host and the seat. A playbook that fails without a host fails all of its seats."""
    eve = flow.look_up("./mylab", "eve")
    room.failures = lambda: {inventory.class_name(eve, "server"): "no space"}
    code, said = up(capsys)
    assert (NOT_ACHIEVED, [True, True, False]) == (code, [one["good"] for one in said["seats"]])
    assert "seat mylab/eve: server: no space" in said["seats"][2]["error"]
    room.failures = lambda: {"localhost": "no such file"}
    assert [True, True, False] == [one["good"] for one in up(capsys)[1]["seats"]]
    call(capsys, "down")
    assert [False] * 3 == [one["good"] for one in up(capsys)[1]["seats"]]


def test_ctrl_c_leaves_a_class_that_up_finishes(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command then brings all seats up."""

    def interrupt() -> dict[str, str]:
        room.failures = dict
        raise KeyboardInterrupt

    room.failures = interrupt
    code = main.main(["seats", "up", "./mylab", "--roster", "roster.csv"])
    assert (INTERRUPTED, set()) == (code, room.up)
    assert (GOOD, set(CLASS)) == (up(capsys)[0], room.up)


def test_until_is_noted_for_a_seat_that_failed(room: ClassSeats, capsys: pytest.CaptureFixture[str]) -> None:
    """Its hosts may come up later, and then its student has as much time as the others."""
    room.failing = ("bob",)
    assert NOT_ACHIEVED == up(capsys, "--until", "2999-01-01T18:00")[0]
    seats_shown = call(capsys, "status")[1]["seats"]
    assert [True] * 3 == [one["until"] > time.time() for one in seats_shown]


def test_until_is_noted_shown_and_kept(room: ClassSeats, capsys: pytest.CaptureFixture[str]) -> None:
    """A time that has passed is refused before anything starts."""
    assert BAD_INPUT == up(capsys, "--until", "2020-01-01T18:00")[0]
    assert [] == room.calls
    assert GOOD == up(capsys, "--until", "2999-01-01T18:00")[0]
    assert GOOD == up(capsys)[0]
    _, said = call(capsys, "status", "--only", "ada")
    [ada] = said["seats"]
    assert (True, False) == (ada["until"] > time.time(), ada["over"])
    class_note.note(flow.look_up("./mylab", "ada").seat, until=1.0, checked=2.0)
    [ada] = call(capsys, "status", "--only", "ada")[1]["seats"]
    assert (1.0, True, 2.0) == (ada["until"], ada["over"], ada["checked"])
    main.main(["seats", "status", "./mylab", "--lang", "fr"])
    assert "c'est terminé" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["up", "sleep"])
def test_a_damaged_note_is_put_aside(
    room: ClassSeats, frozen: set[str], capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    """Before the work, which then goes on: `up` writes it anew."""
    up(capsys)
    file = flow.look_up("./mylab", "bob").seat.folder / "class.json"
    file.write_text("{")
    words = ("up", "--roster", "roster.csv", "--until", "2999-01-01T18:00") if verb == "up" else ("sleep",)
    code, said = call(capsys, *words)
    assert (GOOD, [True] * 3) == (code, [one["good"] for one in said["seats"]])
    assert ["{"] == [aside.read_text() for aside in file.parent.glob("class.json.damaged-*")]


def test_down_asks_for_work_that_is_not_handed_in(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps what was handed in, and names the students who handed in nothing."""
    up(capsys)
    changed = {"ada": 20.0, "bob": 20.0, "eve": 0.0}
    monkeypatch.setattr(student_files, "last_change", lambda own: changed[own.student])
    folder = state.folder(submission_store.folder("mylab"))
    for name in ("ada-19700101T000030Z-a", "bob-19700101T000010Z-b"):
        (folder / f"{name}.sharklab").touch()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    capsys.readouterr()
    assert BAD_INPUT == main.main(["seats", "down", "./mylab"])
    asked = capsys.readouterr().err
    assert [False, True, False] == [name in asked for name in CLASS]
    assert [] == room.done("remove")
    code, said = call(capsys, "down", "--yes")
    assert (GOOD, list(CLASS), ["eve"]) == (code, room.done("remove"), said["without"])
    assert {"ada": 30.0, "bob": 10.0} == said["handed_in"]
    assert 2 == len(list(folder.iterdir()))


def test_down_leaves_a_seat_that_another_command_holds(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks about the others alone: the work on hosts that another `down` has ended cannot be read."""
    up(capsys)
    monkeypatch.setattr(student_files, "last_change", lambda own: 20.0 if own.student == "ada" else 0.0)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    with seats.hold(flow.look_up("./mylab", "ada").seat):
        code, said = call(capsys, "down")
    assert (NOT_ACHIEVED, ["bob", "eve"]) == (code, room.done("remove"))
    assert {"ada": False, "bob": True, "eve": True} == {one["student"]: one["good"] for one in said["seats"]}
    assert f"process {os.getpid()}" in said["seats"][0]["error"]


def test_down_asks_nothing_without_work(room: ClassSeats, capsys: pytest.CaptureFixture[str]) -> None:
    """A seat that cannot be removed is a line."""
    up(capsys)
    room.failing = ("bob",)
    code, said = call(capsys, "down")
    assert (NOT_ACHIEVED, [True, False, True]) == (code, [one["good"] for one in said["seats"]])
    assert ["ada", "eve"] == room.done("remove")


def test_only_idle_seats_sleep(
    room: ClassSeats, frozen: set[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One whose time is over sleeps in any case; whatever works with a seat wakes it."""
    up(capsys)
    monkeypatch.setattr(sleeping, "is_in_use", lambda own: own.student != "ada")
    class_note.note(flow.look_up("./mylab", "eve").seat, until=1.0)
    code, said = call(capsys, "sleep")
    assert (NOT_ACHIEVED, [True, False, True]) == (code, [one["good"] for one in said["seats"]])
    assert 2 == len(frozen)
    with seats.hold(flow.look_up("./mylab", "ada").seat):
        assert 1 == len(frozen)
    assert (GOOD, set()) == (call(capsys, "wake")[0], frozen)
    call(capsys, "sleep", "--only", "ada")
    assert (GOOD, set()) == (up(capsys)[0], frozen)


def test_names_outside_of_the_class_are_refused(room: ClassSeats, capsys: pytest.CaptureFixture[str]) -> None:
    """The error shows the nearest name; a lab without seats has none."""
    assert (GOOD, []) == (call(capsys, "status")[0], call(capsys, "status")[1]["seats"])
    code, said = up(capsys, "--only", "adda")
    assert (BAD_INPUT, "--only", True) == (code, said["error"]["place"], "ada" in said["error"]["hint"])
    assert [] == room.calls


def test_up_notes_the_time_of_an_exam(room: ClassSeats, capsys: pytest.CaptureFixture[str]) -> None:
    """So the server keeps to it without seat files; a lab that is no exam has none."""
    words = ("--roster", "roster.csv", "--begin", "2099-12-01T08:00")
    assert BAD_INPUT == main.main(["seats", "up", "tp4", *words])
    file = Path("mylab/lab.yml")
    file.write_text(file.read_text() + "exam: {minutes: 60}\n")
    main.main(["seats", "up", "./mylab", *words])  # no host answers here when its configuration is noted
    window = exam.own_window("mylab", "ada")
    assert window and 3600 == window.end - window.begin


def test_status_names_the_students_of_a_roster(room: ClassSeats, capsys: pytest.CaptureFixture[str]) -> None:
    """Their ids may be numbers, which no instructor knows by heart."""
    up(capsys)
    Path("names.csv").write_text("student,name\nada,Ada Byron\nbob,Bob\n")
    main.main(["seats", "status", "./mylab", "--roster", "names.csv"])
    titles, first, _ = capsys.readouterr().out.splitlines()
    assert ["student", "name"] == titles.split()[:2] and first.startswith("ada      Ada Byron  ")


def test_status_tells_the_limits_that_hosts_have_reached(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the student, below the table and for scripts."""
    up(capsys)
    full = [Message("{host} is full", {"host": "client"})]
    monkeypatch.setattr(ThisComputer, "warnings", lambda self, own: full if own.student == "ada" else [])
    seats_told = call(capsys, "status")[1]["seats"]
    assert {"ada": ["client is full"], "bob": [], "eve": []} == {
        one["student"]: one["warnings"] for one in seats_told
    }
    capsys.readouterr()
    main.main(["seats", "status", "./mylab"])
    assert "! ada: client is full" == capsys.readouterr().out.splitlines()[-1]


def test_feedback_is_given_and_taken_back(mylab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once the class is graded; pages that run hear of it."""
    words = ("seats", "feedback", "./mylab")
    refusal(InputError, *words)
    (state.folder(feedback_note.folder("mylab")) / "class.en.html").write_text("")
    for option, is_given in (((), True), (("--take-back",), False)):
        told = class_news.last("mylab")
        assert is_given == tell(capsys, *words, *option)["given"] == feedback_note.is_given("mylab")
        assert told < class_news.last("mylab")
