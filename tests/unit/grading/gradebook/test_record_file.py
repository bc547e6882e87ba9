"""The record of a graded student: the same data after JSON, and no other shape."""

from __future__ import annotations

import json

import pytest

from sharklab.grading.gradebook import record_file
from sharklab.grading.gradebook.model import Class, Entry
from tests.support import gradebook_sample as sample


def test_record_gives_back_what_it_was_given() -> None:
    """A class survives JSON whole, sentences included."""
    group = sample.whole()
    assert group == record_file.from_plain(Class, json.loads(json.dumps(record_file.to_plain(group))))


@pytest.mark.parametrize("data", [None, {}, [], {"student": 3}, {"student": "a"}])
def test_record_refuses_another_shape(data: object) -> None:
    """A damaged record is told apart from a good one."""
    with pytest.raises(ValueError, match=Entry.__name__):
        record_file.from_plain(Entry, data)
