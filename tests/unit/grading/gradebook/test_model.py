"""A class and its entries: states, results, and what an instructor should look at."""

from __future__ import annotations

from dataclasses import replace

from sharklab.grading.gradebook.model import Entry, state
from sharklab.grading.marking.model import Remark
from sharklab.message import Message
from tests.support import gradebook_sample as sample


def test_state_of_each_entry() -> None:
    """With a result, with a reason, with neither."""
    states = ["graded", "graded", "graded", "unreadable", "graded", "missing"]
    assert states == list(map(state, sample.whole().entries))


def test_entry_that_was_handed_in_may_be_unreadable() -> None:
    """A file that cannot be read was handed in all the same."""
    assert [True] * 5 + [False] == [entry.handed_in for entry in sample.whole().entries]


def test_entry_has_remarks_on_the_file_before_those_on_its_content() -> None:
    """Without a result, the remarks on the file remain."""
    remark = Remark("spare", Message("another file"))
    carol = replace(sample.whole().entries[2], remarks=(remark,))
    assert ["spare", "copied"] == [each.kind for each in carol.odd]
    assert (remark,) == Entry("dan", remarks=(remark,)).odd


def test_entry_knows_whose_seat_made_the_submission() -> None:
    """The student's own, or that of the member of the group who handed in."""
    assert ["alice", "bob"] == [Entry("alice").seat_owner, Entry("alice", author="bob").seat_owner]


def test_class_has_the_exercises_of_its_first_result() -> None:
    """A class without results has no exercises and no points."""
    group = sample.whole()
    assert (4, ["ssh", "dns"], 8.0) == (
        len(group.results),
        [each.id for each in group.exercises],
        group.worth,
    )
    nobody = replace(group, entries=group.entries[-1:])
    assert ((), (), 0.0) == (nobody.results, nobody.exercises, nobody.worth)


def test_entry_of_a_group_has_the_seat_of_its_author() -> None:
    """The member of a group who made the submission; a student alone has their own seat."""
    entries = (Entry("bob", group="team", author="alice"), Entry("carol"))
    assert ["alice", "carol"] == [entry.seat_owner for entry in entries]
