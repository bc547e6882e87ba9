"""The file of a note about a student of a class."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from sharklab import state
from sharklab.errors import Busy
from sharklab.lab import student_note

pytestmark = pytest.mark.usefixtures("own_state")


def test_note_is_below_the_state_folder() -> None:
    """By its kind, its lab and its student."""
    file = student_note.file_of("help", "tp4", "ada")
    assert state.root() / "workbench" / "help" / "tp4" / "ada.json" == file


def test_two_changes_of_a_note_both_count() -> None:
    """The second one reads what the first one wrote."""
    file = student_note.file_of("help", "tp4", "ada")

    def one_more() -> Mapping[str, Any]:
        return {"count": (json.loads(file.read_text())["count"] if file.exists() else 0) + 1}

    changes = [
        threading.Thread(target=student_note.change, args=("help", "tp4", "ada", one_more)) for _ in range(8)
    ]
    for change in changes:
        change.start()
    for change in changes:
        change.join()
    assert {"count": 8} == json.loads(file.read_text())


def test_change_that_hangs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another change waits for some seconds, and then names the note."""
    monkeypatch.setattr(student_note, "PATIENCE", 0.1)

    def inner() -> Mapping[str, Any]:
        student_note.change("help", "tp4", "ada", dict)
        return {}

    with pytest.raises(Busy) as caught:
        student_note.change("help", "tp4", "ada", inner)
    assert "ada" in str(caught.value.values["what"])
