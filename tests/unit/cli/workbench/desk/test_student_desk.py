"""The desk: the requests about a seat, asked directly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli import seats, solution
from sharklab.cli.workbench.desk import student_desk as desk
from sharklab.errors import InputError, MachineryError
from sharklab.grading.marking.model import Result
from sharklab.hosts.door.server import Reply
from sharklab.i18n import translator
from sharklab.lab import diary, exam, load, plan_file, seat
from sharklab.lab.model import Lab, Plan
from sharklab.message import Message
from sharklab.progress import Progress
from tests.support import packets_made
from tests.support.errors import error_of


class Asker:
    """Asks the desk of `labs` for alice, whose work is in the folder `work`; `checked` are the results."""

    def __init__(self, place: Path, *labs: Lab) -> None:
        self.work, self.labs, self.checked = place / "work", labs, list[tuple[str, str, Result]]()
        own = desk.Desk({lab.name: lab for lab in labs}, lambda *_: self.work, self.note)
        self.handlers = own.handlers()

    def note(self, *found: Any) -> None:
        """Keep the result of a check."""
        self.checked.append(found)

    def answer(self, want: str, handles: Sequence[int] = (), **more: Any) -> Reply:
        """Return an answer, about the first lab if none is named."""
        request = {"lab": self.labs[0].name, "lang": "en", **more}
        return self.handlers[want]("alice", request, list(handles))

    def __call__(self, want: str, handles: Sequence[int] = (), **more: Any) -> Mapping[str, Any]:
        """Return the content of an answer."""
        return self.answer(want, handles, **more).content

    @property
    def field(self) -> Mapping[str, Any]:
        """The exercise of `mylab` as a page shows it."""
        [exercise] = self("work")["exercises"]
        return dict(exercise)


@pytest.fixture
def ask(mylab: Path, tmp_path: Path) -> Asker:
    """Return the desk of the lab `mylab`."""
    return Asker(tmp_path, load.read_named(str(mylab)))


@pytest.fixture
def ask_in_exam(mylab: Path, tmp_path: Path) -> Asker:
    """Return the desk of the same lab as an exam."""
    with (mylab / "lab.yml").open("a") as file:
        file.write("exam: {minutes: 90}\n")
    return Asker(tmp_path, load.read_named(str(mylab)))


@pytest.fixture
def ask_of_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asker:
    """Return the desk of a lab whose hosts are up in their start state."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    own = Asker(tmp_path, load.read_named("tp4"))
    plan_file.save(plan_file.from_plain(own("plan")))
    return own


def test_lab_that_is_not_served_is_refused(ask: Asker) -> None:
    """Every request is about one of the labs of the desk."""
    for want in ask.handlers:
        error_of(InputError, ask, want, lab="other", exercise="page")
    assert not ask.work.exists()


def test_page_tells_the_seat_in_the_language_of_the_reader(ask: Asker) -> None:
    """A language that does not exist is English; the folder of the work is made."""
    page = ask("page", lang="fr")
    assert ("mylab", "alice", "Un TP") == (page["lab"], page["student"], page["title"])
    assert "A lab" == ask("page", lang="xx")["title"]
    assert (["server", "client"], {"server": ["lan"], "client": ["lan"]}) == (page["hosts"], page["networks"])
    assert (str(ask.work), False, False) == (page["folder"], page["is_exam"], page["is_up"])
    assert "mylab of alice" in page["brief"]
    assert page["topology"].startswith("<svg")
    assert ask.work.is_dir()


def test_page_of_a_seat_that_is_up(ask_of_hosts: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hosts begin without the solution, and their states are in words."""
    assert ask_of_hosts("page")["is_up"]
    assert plan_file.from_plain(ask_of_hosts("plan")).start
    found = [{"hosts": {"server": "running"}}]
    monkeypatch.setattr(seats, "status", lambda lab, student: found)
    assert {"server": translator("fr").gettext("running")} == ask_of_hosts("hosts", lang="fr")["hosts"]


def test_seat_that_is_not_up_has_no_host(ask: Asker) -> None:
    """The plan is that of its start."""
    assert {} == ask("hosts")["hosts"]
    assert "alice" == plan_file.from_plain(ask("plan")).seat.student


def test_saved_answer_is_in_the_work(ask: Asker) -> None:
    """An exercise of another lab is refused, and so is a value that is no text."""
    assert [""] == [each["value"] for each in ask.field["questions"]]
    ask("save", exercise="page", question="server_port", value="80")
    assert ["80"] == [each["value"] for each in ask.field["questions"]]
    error_of(InputError, ask, "save", exercise="other", question="server_port", value="80")
    error_of(InputError, ask, "save", exercise="page", question="server_port", value=["80"])


def test_capture_is_taken_and_explained(ask: Asker, tmp_path: Path) -> None:
    """The file comes as one descriptor, which stays the asker's, and the page leaves as one."""
    ask("page")
    error_of(InputError, ask, "explain", name="page")
    error_of(InputError, ask, "take", id="page")
    with (Path(packets_made.__file__).parents[1] / "data" / "reset.pcap").open("rb") as file:
        error_of(InputError, ask, "take", [file.fileno()] * 2, id="page")
        ask("take", [file.fileno()], id="page")
        assert not file.closed
    assert ["page.pcap"] == [each["file"] for each in ask.field["captures"]]
    answer = ask.answer("explain", name="page", lang="fr")
    assert answer.handle
    with answer.handle as page:
        assert isinstance(answer.content["name"], str)
        assert answer.content["name"].endswith(".fr.html")
        assert b"<html" in page.read()  # type: ignore[union-attr]


def test_check_tells_its_result(ask: Asker) -> None:
    """The board hears the result; the page has its advice in the reader's language."""
    ask("page")
    english, french = ask("check"), ask("check", lang="fr")
    assert [("mylab", "alice")] * 2 == [found[:2] for found in ask.checked]
    assert ["page"] == [each["id"] for each in english["exercises"]]
    assert ([], []) == (english["lines"], english["problems"])
    assert english["sum"]
    assert english["sum"] != french["sum"]


def test_hint_that_is_not_there_is_refused(ask: Asker) -> None:
    """A page that is older than the work asks for nothing in vain."""
    ask("page")
    error_of(InputError, ask, "check", hint="page/handshake")
    assert ([], ()) == (ask.checked, diary.hints(seat.look_up(ask.labs[0], "alice")))


def test_check_in_an_exam_gives_nothing_away(ask_in_exam: Asker) -> None:
    """It has lines about missing parts, and no exercise; the page tells the end."""
    own = seat.look_up(ask_in_exam.labs[0], "alice")
    assert ask_in_exam("page")["is_exam"]
    assert ("", 0) == tuple(ask_in_exam("notes")[name] for name in ("clock", "ends"))
    diary.note_exam(own, 1_000_000.0, 1_005_400.0)
    notes = ask_in_exam("notes")
    assert (1_005_400.0, True) == (notes["ends"], exam.local_time(1_005_400.0) in notes["clock"])
    assert exam.local_time(1_005_400.0) not in ask_in_exam("page")["brief"], "it would stay on an open page"
    found = ask_in_exam("check")
    assert ([], [], "") == (found["exercises"], found["problems"], found["sum"])
    assert found["lines"]
    assert 1 == len(diary.checks(own))


def test_action_needs_a_seat(ask: Asker) -> None:
    """No host is up."""
    for action in ("solve", "reset"):
        error_of(MachineryError, ask, action, exercise="page")


def test_action_needs_an_exercise(ask_of_hosts: Asker) -> None:
    """A page never means all exercises."""
    for action in ("solve", "reset"):
        error_of(InputError, ask_of_hosts, action)
        error_of(InputError, ask_of_hosts, action, exercise="other")


def test_solve_is_refused_in_an_exam(ask_in_exam: Asker) -> None:
    """And noted."""
    error_of(InputError, ask_in_exam, "solve", exercise="page")
    own = seat.look_up(ask_in_exam.labs[0], "alice")
    assert ["solve"] == [what for _, what in diary.list_refusals(own)]


def test_exercise_is_solved_and_reset(ask_of_hosts: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer has the changes of the hosts, and a sentence in the reader's language."""
    done: list[object] = []
    changes = {"server": "+ a line"}

    def solve(plan: Plan, ids: tuple[str, ...], progress: Progress) -> dict[str, str]:
        done.append(ids)
        return changes

    def reset(plan: Plan, hosts: tuple[str, ...], progress: Progress) -> tuple[Message, ...]:
        done.append(hosts)
        return ()

    monkeypatch.setattr(solution, "solve", solve)
    monkeypatch.setattr(solution, "reset", reset)
    solved, french = (ask_of_hosts("solve", exercise="nfs", lang=lang) for lang in ("en", "fr"))
    assert (changes, 1) == (solved["changes"], len(solved["lines"]))
    assert solved["lines"] != french["lines"]
    assert {} == ask_of_hosts("reset", exercise="nfs")["changes"]
    assert [("nfs",), ("nfs",), ("server", "client")] == done


def test_bundle_is_the_file_that_was_packed(ask: Asker) -> None:
    """It lies beside the folder of the work, and the receipt has its digest."""
    ask("page")
    error_of(InputError, ask, "bundle")
    receipt = ask("hand in")
    answer = ask.answer("bundle")
    assert answer.handle
    with answer.handle as file:
        content = file.read()  # type: ignore[union-attr]
    assert hashlib.sha256(content).hexdigest() == receipt["digest"]
    assert "mylab-alice.sharklab" == receipt["name"] == answer.content["name"]
    assert content == (ask.work.parent / receipt["name"]).read_bytes()
    assert receipt["lines"]


def test_error_is_told_in_the_language_of_the_request() -> None:
    """A language that does not exist is English."""
    error = InputError("no file came")
    said = {lang: desk.explain(error, {"lang": lang}) for lang in ("en", "fr", "xx")}
    assert said["en"] == said["xx"] == desk.explain(error, {})
    assert said["en"] != said["fr"]
