"""The gradebook of a class in the workbench: as the command line writes it, and who reads which page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli.workbench import class_desk
from sharklab.cli.workbench.seat_desk import NOBODY
from sharklab.errors import InputError
from sharklab.lab import handed_in, load
from sharklab.lab.roster import Student
from tests.support import command
from tests.support.errors import error_of

NAMES = {"alice": "Alice Müller", "bob": "Bob Martin"}


class Asker:
    """Asks the desk of a class of two, whose work is in folders below `place`."""

    def __init__(self, lab: str, place: Path) -> None:
        self.lab = load.named(lab)
        students = tuple(Student(id, name, "") for id, name in NAMES.items())
        self.desk = class_desk.make(
            self.lab, students, lambda lab, own: place / own / "work", lambda *_: None
        )
        self.handlers = self.desk.handlers()

    def __call__(self, want: str, student: str = NOBODY, **more: Any) -> Mapping[str, Any]:
        """Return the content of an answer, with the content of its file as `file`."""
        answer = self.handlers[want](student, {"lab": self.lab.name, "lang": "en", **more}, [])
        if answer.handle is None:
            return answer.content
        with answer.handle as file:
            return {**answer.content, "file": file.read()}  # type: ignore[union-attr]

    def wait(self) -> None:
        """Wait until each job has ended."""
        self.desk.seat_desk.jobs._pool.shutdown(wait=True)


@pytest.fixture
def ask(mylab: Path, tmp_path: Path) -> Asker:
    """Return the desk of the class."""
    return Asker(str(mylab), tmp_path)


def test_class_that_has_handed_in_nothing_is_not_graded(ask: Asker) -> None:
    """There is no page, nobody reads feedback, and none can be given out."""
    error_of(InputError, ask, "grade")
    error_of(InputError, ask, "give feedback", given="yes")
    error_of(InputError, ask, "graded", name="class.en.html")
    book = ask("gradebook")
    assert (0, "", "", False) == tuple(book[name] for name in ("count", "page", "job", "given"))


def test_gradebook_is_that_of_the_command_line(ask: Asker, mylab: Path, tmp_path: Path) -> None:
    """Byte by byte. A student reads their own feedback, from when it is given out until it is taken back."""
    ask("page", "alice")
    ask("hand in", "alice")
    ask("grade")
    error_of(InputError, ask, "grade")
    ask.wait()
    assert "class.en.html" == ask("gradebook")["page"]
    roster = tmp_path / "roster.csv"
    roster.write_text("student,name,email\n" + "".join(f"{id},{name},\n" for id, name in NAMES.items()))
    out = tmp_path / "gradebook"
    command.run(
        "grade", str(handed_in.folder("mylab")), "--roster", str(roster), "-o", str(out), "--lab", str(mylab)
    )
    for file in out.rglob("*.*"):
        if file.is_file() and ".kept" not in file.parts and file.name != ".lock":
            assert file.read_bytes() == (ask.desk.grade_desk.folder / file.relative_to(out)).read_bytes()
    assert b"Alice M" in ask("graded", name="class.en.html")["file"]
    assert b"<html" in ask("graded", name="alice/feedback.fr.html")["file"]
    error_of(InputError, ask, "feedback", "alice")
    ask("give feedback", given="yes")
    assert ask("notes", "alice")["feedback"] and not ask("notes", "bob")["feedback"]
    assert ask("graded", name="alice/feedback.en.html")["file"] == ask("feedback", "alice")["file"]
    error_of(InputError, ask, "feedback", "bob")
    error_of(InputError, ask, "feedback", "mallory")
    ask("give feedback", given="no")
    error_of(InputError, ask, "feedback", "alice")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".kept/alice.json",
        "../x",
        "bob/../alice/feedback.en.html",
        "mallory/feedback.en.html",
        "/etc/passwd",
    ],
)
def test_nothing_but_pages_is_opened(ask: Asker, name: str) -> None:
    """Of students of the class."""
    folder = ask.desk.grade_desk.folder
    (folder / "mallory").mkdir(parents=True)
    (folder / "mallory" / "feedback.en.html").write_text("x")
    assert name == error_of(InputError, ask, "graded", name=name).values["name"]
