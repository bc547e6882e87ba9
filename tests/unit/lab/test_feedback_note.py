"""Whether the students of a class may read their feedback."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import InputError
from sharklab.lab import feedback_note
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give sharklab a state of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))


def test_feedback_is_given_and_taken_back() -> None:
    """After the class is graded, not before; taking back needs no gradebook."""
    folder = feedback_note.folder("tp4")
    assert str(folder) == error_of(InputError, feedback_note.give, "tp4", True).place
    feedback_note.give("tp4", False)
    (state.folder(folder) / "class.en.html").write_text("")
    for is_given in (True, False):
        feedback_note.give("tp4", is_given)
        assert is_given == feedback_note.is_given("tp4") and not feedback_note.is_given("tcpdump")


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", '{"given": "x"}'])
def test_damaged_note_gives_nothing(content: str) -> None:
    """Nobody reads feedback that nobody has given."""
    feedback_note.give("tp4", False)
    (state.root() / "workbench" / "feedback" / "tp4.json").write_text(content)
    assert not feedback_note.is_given("tp4")
