"""The record of a graded student: the same data after JSON, and no other shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharklab.checks.outcome import Status
from sharklab.grading.gradebook import record_file
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.message import Message
from tests.support import gradebook_sample as sample


def test_record_gives_back_what_it_was_given() -> None:
    """A class survives JSON whole, sentences included."""
    group = sample.whole()
    assert group == record_file.from_plain(Class, json.loads(json.dumps(record_file.to_plain(group))))


def test_record_gives_back_messages_in_messages() -> None:
    """A value may be a message, several, prose by language, or a number."""
    inner = Message("{count} of {all}", {"count": 2, "all": 3})
    whole = Message("{a}; {b}; {c}", {"a": inner, "b": (inner, "x"), "c": {"en": "word", "fr": "mot"}})
    assert whole == record_file.from_plain(Message, json.loads(json.dumps(record_file.to_plain(whole))))


@pytest.mark.parametrize("data", [None, {}, [], {"student": 3}, {"student": "a"}])
def test_record_refuses_another_shape(data: object) -> None:
    """A damaged record is told apart from a good one."""
    with pytest.raises(ValueError, match=Entry.__name__):
        record_file.from_plain(Entry, data)


def test_record_writes_other_values_as_text() -> None:
    """A path is text; a mapping keeps its keys."""
    assert {"place": "/tmp/x", "many": [1, None]} == record_file.to_plain(
        {"place": Path("/tmp/x"), "many": (1, None)}
    )


@pytest.mark.parametrize(
    ("kind", "data"), [(int, "1"), (float, "1"), (str, 1), (bool, 0), (Status, "unknown")]
)
def test_record_refuses_a_value_of_another_type(kind: type, data: object) -> None:
    """A number is no truth, and a word is no status."""
    with pytest.raises(ValueError):
        record_file.from_plain(kind, data)
