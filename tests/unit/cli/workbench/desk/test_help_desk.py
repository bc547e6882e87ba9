"""Help at the desk: the right at the terminals, and the end of visits."""

from __future__ import annotations

from sharklab.cli.workbench.client import NOBODY
from sharklab.lab import help_note
from tests.support.class_asker import NAMES, ClassAsker


def test_help_begins_and_ends(ask: ClassAsker) -> None:
    """The page of the student knows it, and names no folder of the server. With it, all visits end."""
    assert (False, "") == (ask("page")["notes"]["hand"], ask("page")["folder"])
    assert {"up": True} == ask("help", up="yes")
    assert ("see", True) == tuple(ask("page")["notes"][name] for name in ("right", "hand"))
    assert not ask("notes", "bob")["hand"] and [] == ask.ended
    assert {"up": False} == ask("help", up="no")
    assert not ask("notes")["hand"] and ["alice"] == ask.ended
    ask("agree", right="type")
    assert ["alice", "alice"] == ask.ended and "type" == ask("notes")["right"]


def test_message_is_told_to_everybody_or_to_one(ask: ClassAsker) -> None:
    """Pages hear of it; a message that was read goes."""
    assert {"count": 3} == ask("tell", NOBODY, to="", text="Five minutes left")
    assert {"count": 1} == ask("tell", NOBODY, to="bob", text="I come")
    assert [1, 2, 1] == [len(ask("notes", name)["letters"]) for name in NAMES]
    assert set(NAMES) == set(ask.desk.changes.wait(0, 0)[1])
    ask("read", "bob", number="1")
    ask("read", "bob", number="x")
    assert ["I come"] == [each.text for each in help_note.read("mylab", "bob").letters]
