"""The instructor's note about a seat of a class."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import flow
from sharklab.errors import MachineryError
from sharklab.lab import class_note
from sharklab.lab.class_note import ClassNote
from sharklab.lab.model import Seat
from tests.support.errors import error_of


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seat:
    """Return a seat that is not up."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    return flow.prepare("tp4", "ada").seat


def test_note_changes_one_time_and_keeps_the_other(own: Seat) -> None:
    """A seat that is not up has no note."""
    class_note.note(own, until=1.0)
    assert ClassNote() == class_note.read(own)
    state.folder(own.folder)
    class_note.note(own, until=1.0)
    class_note.note(own, checked=2.0)
    assert ClassNote(until=1.0, checked=2.0) == class_note.read(own)


def test_is_over_from_the_time_on() -> None:
    """Without a time a seat is never over."""
    now = time.time()
    assert [False, True, False] == [ClassNote(until).is_over for until in (0.0, now, now + 3600)]


@pytest.mark.parametrize("text", ["{", "[]", '{"until": "soon"}', '{"other": 1}'])
def test_read_refuses_a_damaged_note(own: Seat, text: str) -> None:
    """The error names the file."""
    (state.folder(own.folder) / "class.json").write_text(text)
    error = error_of(MachineryError, class_note.read, own)
    assert str(own.folder / "class.json") == error.place


def test_mend_puts_a_damaged_note_aside(own: Seat) -> None:
    """With every byte of it, under a name that the sentence tells. A whole note, or none, stays."""
    assert not class_note.mend(own)
    state.folder(own.folder)
    class_note.note(own, until=1.0)
    assert not class_note.mend(own) and ClassNote(until=1.0) == class_note.read(own)
    for text in ("{", "[]"):
        (own.folder / "class.json").write_text(text)
        sentence = class_note.mend(own)
        assert ("ada", text) == (sentence.values["student"], sentence.values["file"].read_text())
        assert ClassNote() == class_note.read(own)
    assert 2 == len([*own.folder.iterdir()])
