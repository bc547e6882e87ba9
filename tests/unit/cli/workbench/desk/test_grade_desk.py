"""The gradebook of a class in the workbench: as the command line writes it, and who reads which page."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.cli.workbench.client import NOBODY
from sharklab.errors import InputError
from sharklab.lab import submission_store
from tests.support import command
from tests.support.class_asker import NAMES, ClassAsker
from tests.support.errors import error_of


def test_class_that_has_handed_in_nothing_is_not_graded(ask: ClassAsker) -> None:
    """There is no page, nobody reads feedback, and none can be given out."""
    error_of(InputError, ask, "grade", NOBODY)
    error_of(InputError, ask, "give feedback", NOBODY, given="yes")
    error_of(InputError, ask, "graded", NOBODY, name="class.en.html")
    book = ask("gradebook", NOBODY)
    assert (0, "", "", False) == tuple(book[name] for name in ("count", "page", "job", "given"))


def test_gradebook_is_that_of_the_command_line(ask: ClassAsker, mylab: Path, tmp_path: Path) -> None:
    """Byte by byte. A student reads their own feedback, from when it is given out until it is taken back."""
    ask("page", "alice")
    ask("hand in", "alice")
    ask("grade", NOBODY)
    error_of(InputError, ask, "grade", NOBODY)
    ask.wait()
    assert "class.en.html" == ask("gradebook", NOBODY)["page"]
    roster = tmp_path / "roster.csv"
    roster.write_text("student,name,email\n" + "".join(f"{id},{name},\n" for id, name in NAMES.items()))
    out = tmp_path / "gradebook"
    command.run(
        "grade",
        str(submission_store.folder("mylab")),
        "--roster",
        str(roster),
        "-o",
        str(out),
        "--lab",
        str(mylab),
    )
    for file in out.rglob("*.*"):
        if file.is_file() and ".kept" not in file.parts and file.name != ".lock":
            assert file.read_bytes() == (ask.desk.grade_desk.folder / file.relative_to(out)).read_bytes()
    assert b"Alice M" in ask("graded", NOBODY, name="class.en.html")["file"]
    assert b"<html" in ask("graded", NOBODY, name="alice/feedback.fr.html")["file"]
    error_of(InputError, ask, "feedback", "alice")
    ask("give feedback", NOBODY, given="yes")
    assert ask("notes", "alice")["feedback"] and not ask("notes", "bob")["feedback"]
    assert ask("graded", NOBODY, name="alice/feedback.en.html")["file"] == ask("feedback", "alice")["file"]
    error_of(InputError, ask, "feedback", "bob")
    error_of(InputError, ask, "feedback", "mallory")
    ask("give feedback", NOBODY, given="no")
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
def test_nothing_but_pages_is_opened(ask: ClassAsker, name: str) -> None:
    """Of students of the class."""
    folder = ask.desk.grade_desk.folder
    (folder / "mallory").mkdir(parents=True)
    (folder / "mallory" / "feedback.en.html").write_text("x")
    assert name == error_of(InputError, ask, "graded", NOBODY, name=name).values["name"]
