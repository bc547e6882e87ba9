"""The note about help: hands, rights at terminals, messages, and a damaged file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.lab import help_note
from sharklab.lab.help_note import NOTHING, SEE, TYPE, HelpNote
from tests.support.errors import error_of

ALICE = ("mylab", "alice")


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give sharklab a state of its own, at the time 100."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr("time.time", lambda: 100.0)


def test_hand_shows_the_terminals_until_it_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another click does not send a student back in the queue; a right that the student gave before stays."""
    assert HelpNote() == help_note.read(*ALICE)
    help_note.raise_hand(*ALICE, True)
    monkeypatch.setattr("time.time", lambda: 200.0)
    help_note.agree(*ALICE, TYPE)
    help_note.raise_hand(*ALICE, True)
    assert HelpNote(100.0, TYPE) == help_note.read(*ALICE)
    help_note.raise_hand(*ALICE, False)
    assert HelpNote() == help_note.read(*ALICE) == help_note.read("mylab", "bob")
    help_note.raise_hand(*ALICE, True)
    assert HelpNote(200.0, SEE) == help_note.read(*ALICE)


def test_right_is_one_of_three() -> None:
    """Another word gives none, from a page and in the file."""
    help_note.agree(*ALICE, SEE)
    error_of(InputError, help_note.agree, *ALICE, "all")
    assert SEE == help_note.read(*ALICE).right
    [file] = (state.root() / "workbench" / "help" / "mylab").glob("*.json")
    file.write_text(file.read_text().replace('"see"', '"all"'))
    assert NOTHING == help_note.read(*ALICE).right


def test_messages_wait_until_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a number of its own, also after others were read; the oldest ones go."""
    monkeypatch.setattr(help_note, "MOST", 2)
    for text in ("one", " two\nlines ", "three"):
        help_note.tell(*ALICE, text)
    letters = help_note.read(*ALICE).letters
    assert [(2, 100.0, "two\nlines"), (3, 100.0, "three")] == [(e.number, e.sent, e.text) for e in letters]
    help_note.mark_read(*ALICE, 3)
    help_note.mark_read(*ALICE, 9)
    help_note.tell(*ALICE, "four")
    assert [2, 4] == [each.number for each in help_note.read(*ALICE).letters]


@pytest.mark.parametrize("text", ["", " \n", "x" * (help_note.LONGEST + 1), "a\x1bb", "a\u202eb"])
def test_message_that_cannot_be_read_is_refused(text: str) -> None:
    """Nothing is kept of it."""
    error_of(InputError, help_note.tell, *ALICE, text)
    assert HelpNote() == help_note.read(*ALICE)


def test_changes_at_the_same_time_all_count() -> None:
    """The desk answers many requests at once."""
    threads = [threading.Thread(target=help_note.tell, args=(*ALICE, str(number))) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {str(number) for number in range(8)} == {each.text for each in help_note.read(*ALICE).letters}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"hand": 1, "right": "", "letters": 3, "last": 0}'])
def test_damaged_note_is_named(content: str) -> None:
    """Nothing replaces it: somebody looks at the file first."""
    help_note.agree(*ALICE, SEE)
    [file] = (state.root() / "workbench" / "help" / "mylab").glob("*.json")
    file.write_text(content)
    assert str(file) == error_of(MachineryError, help_note.read, *ALICE).place
    error_of(MachineryError, help_note.raise_hand, *ALICE, True)
    assert content == file.read_text()
