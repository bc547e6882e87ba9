"""The desk of a class: its table, raised hands, links, submissions, and jobs on seats."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli import flow, seats, work
from sharklab.cli.workbench import board, class_desk, class_links, client, desk
from sharklab.cli.workbench.jobs import DONE, FAILED
from sharklab.cli.workbench.seat_desk import NOBODY
from sharklab.errors import InputError, MachineryError
from sharklab.i18n import translator
from sharklab.lab import exam, handed_in, help_note, load, plan_file, seat
from sharklab.lab.model import Plan
from sharklab.lab.roster import Student
from sharklab.progress import Progress
from tests.support.errors import error_of

NAMES = {"alice": "Alice Müller", "bob": "Bob Martin", "carol": "Carol Weber"}


class Asker:
    """Asks the desk of a class of three, whose work is in folders below `place`."""

    def __init__(self, lab: str, place: Path) -> None:
        self.lab = load.named(lab)
        students = tuple(Student(id, name, "") for id, name in NAMES.items())
        self.ended: list[str] = []
        self.desk = class_desk.make(
            self.lab,
            students,
            lambda lab, student: place / student / "work",
            lambda lab, student: self.ended.append(student),
        )
        self.handlers = self.desk.handlers()

    def __call__(self, want: str, student: str = "alice", **more: Any) -> Mapping[str, Any]:
        """Return the content of an answer."""
        request = {"lab": self.lab.name, "lang": "en", **more}
        return self.handlers[want](student, request, []).content

    def rows(self, lang: str = "en") -> dict[str, dict[str, Any]]:
        """Return the rows of the table by student."""
        return {row["student"]: row for row in self("class", NOBODY, lang=lang)["rows"]}

    def wait(self) -> None:
        """Wait until each job has ended."""
        self.desk.seat_desk.jobs._pool.shutdown(wait=True)


@pytest.fixture
def ask(mylab: Path, tmp_path: Path) -> Asker:
    """Return the desk of the class."""
    return Asker(str(mylab), tmp_path)


@pytest.fixture
def ask_of_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asker:
    """Return the desk of a class that works on hosts with a start state."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    return Asker("tp4", tmp_path)


@pytest.mark.parametrize(
    "want",
    ["page", "notes", "help", "agree", "read", "new link", "hand in", "seat", "start", "stop", "restart"],
)
def test_stranger_is_refused(ask: Asker, want: str) -> None:
    """Nobody outside of the roster gets anything, and no request leaves a trace of one."""
    error = error_of(InputError, ask, want, "mallory", up="yes")
    assert {"student": "mallory"} == error.values
    assert {} == ask.desk.seat_desk.jobs.known()
    assert board.Record({}) == board.read("mylab", "mallory")
    assert help_note.HelpNote() == help_note.read("mylab", "mallory")


def test_table_is_made_once_for_many_readers(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each language, and again when it is old or a student asks for help."""
    made: list[str] = []
    whole = board.rows

    def rows(*given: Any) -> list[dict[str, Any]]:
        made.append(given[2].language)
        return whole(*given)

    monkeypatch.setattr(board, "rows", rows)
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    for lang in ("en", "fr", "en", "fr"):
        assert set(NAMES) == set(ask.rows(lang))
    assert ["en", "fr"] == made
    clock[0] += class_desk.FRESH + 0.1
    ask.rows()
    assert ["en", "fr", "en"] == made
    ask("help", "bob", up="yes")
    assert 0 == ask.rows()["bob"]["hand"]
    assert ["en", "fr", "en", "en"] == made


def test_table_is_in_the_language_of_the_reader(ask: Asker) -> None:
    """A language that does not exist is English."""
    assert ("mylab", "Un TP") == tuple(ask("class", NOBODY, lang="fr")[name] for name in ("lab", "title"))
    assert "A lab" == ask("class", NOBODY, lang="xx")["title"]


def test_help_begins_and_ends(ask: Asker) -> None:
    """The page of the student knows it, and names no folder of the server. With it, all visits end."""
    assert (False, "") == (ask("page")["notes"]["hand"], ask("page")["folder"])
    assert {"up": True} == ask("help", up="yes")
    assert ("see", True) == tuple(ask("page")["notes"][name] for name in ("right", "hand"))
    assert not ask("notes", "bob")["hand"] and [] == ask.ended
    assert {"up": False} == ask("help", up="no")
    assert not ask("notes")["hand"] and ["alice"] == ask.ended
    ask("agree", right="type")
    assert ["alice", "alice"] == ask.ended and "type" == ask("notes")["right"]


def test_change_is_told_to_whoever_waits(ask: Asker) -> None:
    """With the students that it is about."""
    now = ask("changes", NOBODY, since="-1")["now"]
    ask("tell", NOBODY, to="", text="Five minutes left")
    assert set(NAMES) == set(ask("changes", NOBODY, since=str(now))["students"])


def test_link_is_used_and_renewed(ask: Asker) -> None:
    """Another link takes the place of a used one, with another number for its cookie."""
    token = class_links.token("mylab", "alice")
    reader = ask("use link", "?", token=token)["reader"]
    assert ("alice", 0) == (reader["name"], reader["epoch"])
    error_of(InputError, ask, "use link", "?", token=token)
    assert {"bob", "carol"} == {own.name for own in class_links.unused("mylab", NAMES).values()}
    newer = ask("new link")["token"]
    assert [newer] == list(class_links.unused("mylab", ["alice"]))
    assert {"alice": 1, "bob": 0, "carol": 0} == ask("links", "*")["numbers"]


def test_hand_in_keeps_the_submission_of_the_class(ask: Asker, tmp_path: Path) -> None:
    """The instructor grades the folder of the lab, the table shows the time, the receipt no file here."""
    ask("page")
    assert not ask.rows()["alice"]["handed"]
    receipt = ask("hand in")
    [file] = handed_in.folder("mylab").glob("alice-*.sharklab")
    assert file.stat().st_mode & 0o777 == 0o600
    assert ask.rows()["alice"]["handed"]
    assert receipt["digest"] in receipt["kept"]
    assert receipt["lines"]
    assert str(tmp_path) not in f"{receipt}"


@pytest.fixture
def go() -> Iterator[threading.Event]:
    """Return the event for which jobs wait; it comes at the end, too."""
    event = threading.Event()
    yield event
    event.set()


def test_missing_seats_are_started_in_turn(
    ask: Asker, go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody without a seat gets a job; a failure is told with the seat, and the others go on."""
    begun = []

    def up(plan: Plan, provider: str, os: str, progress: Progress) -> None:
        begun.append(plan.seat.student)
        assert go.wait(60)
        with progress.step("set up"):
            if plan.seat.student == "bob":
                raise MachineryError("no room")

    monkeypatch.setattr(flow, "up", up)
    monkeypatch.setattr(seats, "status", lambda *_: [{"student": "carol", "hosts": {}}])
    assert {"count": 2} == ask("start", NOBODY)
    assert {"count": 0} == ask("start", NOBODY)
    error_of(InputError, ask, "start", "alice")
    assert "start the seat" in ask.rows()["alice"]["job"]
    go.set()
    ask.wait()
    assert {"alice", "bob"} == set(begun)
    assert {"alice": DONE, "bob": FAILED} == {
        name: job.state for name, job in ask.desk.seat_desk.jobs.known().items()
    }
    assert "" == ask.rows()["alice"]["job"]
    job = ask("seat", "bob", lang="fr")["job"]
    assert "no room" in job["said"] and translator("fr").gettext(FAILED) in job["said"] and not job["open"]
    assert "no room" in ask.rows()["bob"]["failed"]


def test_one_seat_is_started(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the state in which a student begins, on the provider of this computer."""
    begun: list[tuple[str, str]] = []
    monkeypatch.setattr(flow, "up", lambda plan, *_: begun.append((plan.lab.name, plan.seat.student)))
    assert {"count": 1} == ask("start", "carol")
    ask.wait()
    assert [("mylab", "carol")] == begun


def test_seat_is_removed(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this lab and of this student alone."""
    done: list[tuple[str, str]] = []
    monkeypatch.setattr(seats, "down", lambda lab, student, progress: done.append((lab, student)))
    ask("stop", "bob")
    ask.wait()
    assert [("mylab", "bob")] == done


def test_seat_that_is_not_up_has_nothing_to_lose(ask: Asker) -> None:
    """There is no host, no job, and nothing to reset."""
    expected = {"student": "alice", "hosts": {}, "job": {}, "losses": []}
    assert expected == ask("seat")
    error_of(MachineryError, ask, "restart")


def test_seat_is_reset(ask_of_hosts: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its hosts begin again; before that the instructor reads the losses of the student."""
    ask, done = ask_of_hosts, list[tuple[str, ...]]()
    monkeypatch.setattr(work, "reset", lambda plan, hosts, progress: done.append(hosts))
    found = [{"student": "alice", "hosts": {"server": "running"}}]
    monkeypatch.setattr(seats, "status", lambda *_: found)
    plan_file.save(ask.desk.seat_desk._plan("alice"))
    told = ask("seat", lang="fr")
    assert {"server": translator("fr").gettext("running")} == told["hosts"]
    assert 2 == len(told["losses"])
    ask("restart")
    ask.wait()
    assert [("server", "client", "desktop")] == done


def test_minutes_are_given_to_the_chosen(mylab: Path, tmp_path: Path) -> None:
    """The table shows the end of each student, and a page is told."""
    with (mylab / "lab.yml").open("a") as file:
        file.write("exam: {minutes: 90}\n")
    ask = Asker(str(mylab), tmp_path)
    begin = 1_796_000_000.0
    windows = exam.windows(ask.lab, ask.desk.students, begin)
    exam.note_windows([seat.register(ask.lab, name) for name in NAMES], windows)
    assert {"count": 2} == ask("minutes", NOBODY, students="alice,carol", more="15")
    ends = {name: (row["clock"]["ends"] - begin) / 60 for name, row in ask.rows().items()}
    assert {"alice": 105, "bob": 90, "carol": 105} == ends
    assert 105 * 60 == ask("notes")["ends"] - begin
    for wrong in ({"more": "x"}, {"more": "5", "students": ""}, {"more": "5", "students": "mallory"}):
        error_of(InputError, ask, "minutes", NOBODY, **{"students": "alice", **wrong})


def test_error_is_told_in_the_language_of_the_reader(ask: Asker) -> None:
    """As the pages ask: each request through the desk's own words."""
    own = client.Seats(client.here(ask.handlers, desk.explain))
    said = []
    for lang in ("en", "fr"):
        with pytest.raises(client.Refused) as refused:
            own.ask("seat", "mylab", "mallory", lang)
        said.append(str(refused.value))
    assert said[0] != said[1]
