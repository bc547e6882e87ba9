"""Sentences and their values, put into words late."""

from __future__ import annotations

import pytest

from sharklab import i18n
from sharklab.message import NN_, Message, nearest

pytestmark = pytest.mark.usefixtures("own_state")
"""Compiled catalogues of a test stay in its own folder."""


def test_say_fills_in_nested_messages_and_lists() -> None:
    """Values may be messages themselves, and lists are put in a row."""
    inner = Message("{count} of {names}", {"count": 2, "names": ("a", "b")})
    assert i18n.translator("en").say(Message("<{inner}>", {"inner": inner})) == "<2 of a, b>"


def test_say_writes_numbers_with_the_sign_of_the_language() -> None:
    """With and without a form; whole numbers have no sign."""
    message = Message("{a} {b:.1f} {c:g} {d}", {"a": 0.5, "b": 2.25, "c": 3.0, "d": 4})
    assert ("0.5 2.2 3 4", "0,5 2,2 3 4") == tuple(
        i18n.translator(each).say(message) for each in ("en", "fr")
    )


def test_say_of_nothing_is_empty() -> None:
    """The empty message is empty, not the catalogue's header."""
    assert i18n.translator("fr").say(Message("")) == ""


def test_say_leaves_braces_in_values_alone() -> None:
    """What a value holds is text, never a field."""
    assert i18n.translator("en").say(Message("{a}", {"a": "{b}"})) == "{b}"


def test_prose_falls_back_to_the_language_there_is() -> None:
    """An author who wrote one language is read in that one."""
    assert i18n.translator("fr").prose({"en": "text"}) == "text"


@pytest.mark.parametrize(
    ("name", "near"),
    [("tp44", "tp4"), ("zzz", ""), ("", ""), ("x" * 1_000_000, "")],
    ids=lambda text: text[:9],
)
def test_nearest_is_the_most_similar_name(name: str, near: str) -> None:
    """A misspelt name finds the one that was meant; a huge one costs no time."""
    assert near == nearest(name, ["tp4", "ports"])


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [(0, "0 packets", "0 paquet"), (1, "1 packet", "1 paquet"), (2, "2 packets", "2 paquets")],
)
def test_say_takes_the_form_that_the_count_asks_for(count: int, english: str, french: str) -> None:
    """Each language has its own rule; a text without a translator is English."""
    message = Message(NN_("{count} packet", "{count} packets"), {"count": count})
    assert (english, french) == tuple(i18n.translator(each).say(message) for each in ("en", "fr"))
    assert english == str(message)


def test_say_takes_the_words_of_a_stranger_as_they_are() -> None:
    """A zero byte in them makes no plural."""
    assert "a\0b" == str(Message("a\0b")) == str(Message("{said}", {"said": "a\0b"}))
