"""The verbs for help in a class: messages, raised hands, rights at terminals."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import flow
from sharklab.errors import InputError
from sharklab.hosts.door import control
from sharklab.lab import class_news, help_note
from tests.support.command import refusal, tell

ROSTER = ("--roster", "roster.csv")


@pytest.fixture(autouse=True)
def roster(mylab: Path) -> None:
    """Write the roster of a class of two."""
    Path("roster.csv").write_text("student,name,email\nada,Ada,\nbob,Bob,\n")


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the students whose visits were ended."""
    names: list[str] = []
    monkeypatch.setattr(control, "end_visits", lambda lab, student: names.append(student))
    return names


def test_message_goes_to_the_class_or_to_some(capsys: pytest.CaptureFixture[str]) -> None:
    """To students of the roster, also without a seat; pages that run hear of it."""
    words = ("seats", "message", "./mylab")
    refusal(InputError, *words, "Hello")
    assert ["ada", "bob"] == tell(capsys, *words, "Hello", *ROSTER)["students"]
    told = class_news.last("mylab")
    assert ["bob"] == tell(capsys, *words, "Five!", *ROSTER, "--only", "bob")["students"]
    assert told < class_news.last("mylab")
    found = {name: [each.text for each in help_note.read("mylab", name).letters] for name in ("ada", "bob")}
    assert {"ada": ["Hello"], "bob": ["Hello", "Five!"]} == found
    for wrong in (" ", "x" * (help_note.LONGEST + 1)):
        refusal(InputError, *words, wrong, *ROSTER)
    refusal(InputError, *words, "Hello", *ROSTER, "--only", "mallory")


def test_message_without_a_roster_goes_to_those_with_a_seat(capsys: pytest.CaptureFixture[str]) -> None:
    """On this computer."""
    state.folder(flow.prepare("./mylab", "ada").seat.folder)
    assert ["ada"] == tell(capsys, "seats", "message", "./mylab", "Hello")["students"]


def test_help_begins_and_ends(capsys: pytest.CaptureFixture[str], ended: list[str]) -> None:
    """As on the page of the student: the end hides the terminals, and pages that run hear of it."""
    words = ("seats", "help", "./mylab", "bob")
    assert ["bob"] == tell(capsys, *words, *ROSTER)["students"] and not ended
    assert help_note.read("mylab", "bob").hand and help_note.SEE == help_note.read("mylab", "bob").right
    told = class_news.last("mylab")
    assert not tell(capsys, *words, *ROSTER, "--over")["up"] and ["bob"] == ended
    assert told < class_news.last("mylab")
    assert help_note.HelpNote() == help_note.read("mylab", "bob") == help_note.read("mylab", "ada")


@pytest.mark.parametrize(("word", "right"), [("see", "see"), ("type", "type"), ("none", "")])
def test_terminals_are_shown_and_hidden(
    capsys: pytest.CaptureFixture[str], ended: list[str], word: str, right: str
) -> None:
    """Whoever looks comes again with the new right."""
    told = class_news.last("mylab")
    found = tell(capsys, "seats", "terminals", "./mylab", "ada", "bob", "--right", word, *ROSTER)
    assert right == found["right"] == help_note.read("mylab", "ada").right
    assert ["ada", "bob"] == ended and told < class_news.last("mylab")


@pytest.mark.parametrize("words", [("help",), ("terminals", "--right", "see")])
def test_stranger_is_refused(ended: list[str], words: tuple[str, ...]) -> None:
    """Before anything is noted about the others."""
    error = refusal(InputError, "seats", words[0], "./mylab", "ada", "bib", *words[1:], *ROSTER)
    assert "bob" == error.values["near"]
    assert help_note.HelpNote() == help_note.read("mylab", "ada") and not ended
