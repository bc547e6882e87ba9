"""The verbs for the work on the seats of a class: check, run, reset."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.checks.outcome import Verdict
from sharklab.cli import flow, host_work, main, seats
from sharklab.cli.verbs import seat
from sharklab.errors import BAD_INPUT, GOOD, NOT_ACHIEVED, MachineryError
from sharklab.evidence import host_state
from sharklab.hosts import student_files
from sharklab.hosts.providers import access, remote
from sharklab.hosts.providers.this_computer import ThisComputer
from sharklab.lab import class_note
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support.class_seats import ClassSeats
from tests.support.labs import write_lab

CLASS = ("ada", "bob", "eve")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClassSeats:
    """Return a computer on which the seats of a class are up, in their start state."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roster.csv").write_text("\n".join(("student,name", *(f"{name},N" for name in CLASS), "")))
    write_lab(tmp_path / "mylab")
    return ClassSeats(tmp_path, monkeypatch)


def call(capsys: pytest.CaptureFixture[str], verb: str, *words: str) -> tuple[int, dict[str, Any]]:
    """Run a verb of the class; return its exit code and its JSON."""
    capsys.readouterr()
    code = main.main(["seats", verb, *words, "--output", "json"])
    return code, json.loads(capsys.readouterr().out)


def up(capsys: pytest.CaptureFixture[str], lab: str, *words: str) -> None:
    """Bring the seats of the class up."""
    assert GOOD == call(capsys, "up", lab, "--roster", "roster.csv", *words)[0]


def refuse_file(*words: object) -> None:
    """Have no file with answers."""
    raise remote.NoSuchFile("the host has no such file")


def answer(patch: pytest.MonkeyPatch, *, silent: str = "", dead: str = "nobody") -> None:
    """Let hosts answer, without a capture; but not the host `silent`, and no host of the student `dead`."""

    def answers(own: remote.Machine) -> bool:
        return own.name != silent and dead not in own.config.parts

    patch.setattr(remote.Machine, "answers", answers)
    patch.setattr(remote.Machine, "ask", lambda own, do, **more: {do: []})
    patch.setattr(remote.Machine, "copy", refuse_file)
    patch.setattr(host_state, "observe", lambda plan, demands: {})


def test_check_grades_every_seat_into_the_page_of_the_class(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seat without hosts that answer is a line, and nothing of an earlier check stands for it."""
    answer(monkeypatch)
    up(capsys, "./mylab")
    words = ("./mylab", "--roster", "roster.csv", "-o", "gradebook")
    code, said = call(capsys, "check", *words)
    assert (GOOD, set(CLASS)) == (code, set(said["points"]))
    assert Path("gradebook/class.en.html").exists()
    checked = class_note.read(flow.look_up("./mylab", "bob").seat).checked
    assert checked > 0
    answer(monkeypatch, dead="bob", silent="server")
    code, said = call(capsys, "check", *words)
    assert (NOT_ACHIEVED, {"ada", "eve"}) == (code, set(said["points"]))
    assert [True, False, True] == [one["good"] for one in said["seats"]]
    assert checked == class_note.read(flow.look_up("./mylab", "bob").seat).checked
    assert [] == list(state.seats_folder().glob("*/*/.check-*"))


def test_a_damaged_note_is_put_aside_before_the_check(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seat is checked as the others are; one sentence tells where the note lies now."""
    answer(monkeypatch)
    up(capsys, "./mylab")
    file = flow.look_up("./mylab", "bob").seat.folder / "class.json"
    file.write_text("{")
    capsys.readouterr()
    assert GOOD == main.main(["seats", "check", "./mylab", "--roster", "roster.csv", "-o", "gradebook"])
    [aside] = file.parent.glob("class.json.damaged-*")
    assert [str(aside) in line for line in capsys.readouterr().err.splitlines()].count(True) == 1
    assert class_note.read(flow.look_up("./mylab", "bob").seat).checked > 0


def test_check_forgets_the_seats_that_were_removed(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that --only leaves out keep their result. A seat in use is a line; a roster is not needed."""
    answer(monkeypatch, silent="client")
    up(capsys, "./mylab")
    call(capsys, "check", "./mylab")
    call(capsys, "down", "./mylab", "--only", "ada")
    with seats.hold(flow.look_up("./mylab", "eve").seat):
        code, said = call(capsys, "check", "./mylab", "--only", "bob")
        assert (GOOD, {"bob", "eve"}) == (code, set(said["points"]))
        assert NOT_ACHIEVED == call(capsys, "check", "./mylab", "--only", "eve")[0]
    main.main(["seats", "check", "./mylab", "--lang", "fr"])
    assert "ces machines ne répondent pas" in capsys.readouterr().out
    full = [Message("{host} is full", {"host": "client"})]
    monkeypatch.setattr(ThisComputer, "warnings", lambda self, own: full)
    main.main(["seats", "check", "./mylab", "--only", "bob"])
    assert "! bob: client is full" in capsys.readouterr().out.splitlines()


def test_check_goes_on_beside_hosts_that_hang_or_answer_nonsense(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A student who is root there may let them do anything."""
    answer(monkeypatch)
    up(capsys, "./mylab")
    closed = threading.Event()

    def ask(own: remote.Machine, do: str) -> dict[str, object]:
        if "ada" in own.config.parts:
            assert closed.wait(60)
            raise MachineryError("the connection ended")
        return {} if "bob" in own.config.parts else {do: []}

    monkeypatch.setattr(remote.Machine, "ask", ask)
    monkeypatch.setattr(host_work, "LIMIT", 0.0)
    monkeypatch.setattr(access, "close", lambda seat: closed.set())
    code, said = call(capsys, "check", "./mylab")
    assert (NOT_ACHIEVED, [False, False, True]) == (code, [one["good"] for one in said["seats"]])
    assert {"eve"} == set(said["points"])


def test_check_of_an_exam_is_refused(room: ClassSeats, capsys: pytest.CaptureFixture[str]) -> None:
    """Its hosts count after a reboot, which takes them from their student."""
    file = Path("mylab/lab.yml")
    file.write_text(file.read_text() + "exam: {minutes: 60}\n")
    code, said = call(capsys, "check", "./mylab")
    assert (BAD_INPUT, "LAB") == (code, said["error"]["place"])


def test_run_shows_the_exercises_of_each_seat(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seat that fails is a line. One in its start state is a student's, and does not run."""

    def run(plan: Plan, *rest: object) -> flow.Run:
        if plan.seat.student == "bob":
            raise MachineryError("host client stopped")
        return flow.Run(Path(), plan, (Verdict("page", (), ()),), ())

    monkeypatch.setattr(flow, "run", run)
    up(capsys, "./mylab")
    code, said = call(capsys, "run", "./mylab")
    assert (NOT_ACHIEVED, [True, False, True]) == (code, [one["good"] for one in said["seats"]])
    assert [["page"], [], ["page"]] == [list(one["exercises"]) for one in said["seats"]]
    assert main.main(["seats", "run", "./mylab", "--only", "ada,eve"]) == GOOD
    assert ["student", "page"] == capsys.readouterr().out.splitlines()[0].split()
    up(capsys, "tp4", "--only", "ada")
    code, said = call(capsys, "run", "tp4")
    assert (NOT_ACHIEVED, [False]) == (code, [one["good"] for one in said["seats"]])


def test_reset_asks_once_and_names_who_has_work(
    room: ClassSeats, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seat that fails is a line; one that began solved has no start state."""
    up(capsys, "tp4")
    monkeypatch.setattr(student_files, "last_change", lambda own: float(own.student == "eve"))
    asked: list[dict[str, Any]] = []

    def agree(args: object, sentences: Sequence[Message]) -> bool:
        asked.extend(dict(sentence.values) for sentence in sentences)
        return len(asked) > 2

    monkeypatch.setattr(seat, "ask_consent", agree)
    assert BAD_INPUT == main.main(["seats", "reset", "tp4", "nfs"])
    students = ["ada", "bob", "eve"]
    assert [{"hosts": ("server", "client"), "students": students}, {"students": ["eve"]}] == asked
    assert [] == room.done("reset")
    room.failing = ("bob",)
    code, said = call(capsys, "reset", "tp4", "nfs")
    assert (NOT_ACHIEVED, ["server", "client"]) == (code, said["hosts"])
    assert (["ada", "eve"], [True, False, True]) == (
        room.done("reset"),
        [one["good"] for one in said["seats"]],
    )
    assert BAD_INPUT == call(capsys, "reset", "tp4", "web", "--yes")[0]
    room.failing = ()
    call(capsys, "down", "tp4", "--yes")
    up(capsys, "tp4", "--only", "ada", "--solved")
    assert [False] == [one["good"] for one in call(capsys, "reset", "tp4", "--yes")[1]["seats"]]
    assert GOOD == call(capsys, "reset", "tcpdump")[0]
