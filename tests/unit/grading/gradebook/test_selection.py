"""Whose a submission is, which of several counts, and what is odd about how it was handed in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook.inputs import SubmissionSource
from sharklab.grading.gradebook.job import Identity
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.gradebook.selection import (
    MISFILED,
    RESERVED,
    SPARE,
    STRANGER,
    Selection,
    lab_of,
    select,
)
from sharklab.grading.submission.model import Seal
from sharklab.lab import load
from sharklab.lab.roster import Student
from sharklab.message import Message
from tests.support.errors import error_of

ROSTER = (
    Student("alice", "Alice", "alice@example.org", "Participant 11"),
    Student("bob", "Bob", "bob@example.org", "Participant 12"),
    Student("alice-bob", "Both", "both@example.org", "Participant 13"),
)
ALICE = Identity("alice", "tp4", Seal.WHOLE, 100.0, "a" * 64)
BROKEN = Failure(Message("no zip"))


def turns(
    *seen: tuple[str, Identity | Failure], roster: tuple[Student, ...] = ROSTER
) -> dict[str, Selection]:
    """Return each student's turn when these files were handed in."""
    found = {SubmissionSource(Path(place), packed=True): each for place, each in seen}
    lab = load.named("tp4")
    return {turn.entry.student: turn for turn in select(tuple(found), roster, found, lab)}


def odd(turn: Selection) -> list[tuple[str, dict[str, object]]]:
    """Return the kind and the values of each remark."""
    return [(remark.kind, dict(remark.said.values)) for remark in turn.entry.remarks]


def test_turns_are_those_of_the_roster() -> None:
    """Who handed in nothing has a turn as well, with nothing in it."""
    found = turns(("tp4-alice.sharklab", ALICE))
    assert ["alice", "alice-bob", "bob"] == list(found)
    assert ("tp4-alice.sharklab", "a" * 64, ()) == (
        found["alice"].entry.file,
        found["alice"].entry.digest,
        found["alice"].entry.remarks,
    )
    assert (None, "") == (found["bob"].source, found["bob"].entry.file)


@pytest.mark.parametrize(
    ("other", "chosen"),
    [
        (BROKEN, "a-alice.sharklab"),
        (replace(ALICE, seal=Seal.NONE, made=900.0), "a-alice.sharklab"),
        (replace(ALICE, seal=Seal.BROKEN, made=900.0), "a-alice.sharklab"),
        (replace(ALICE, made=99.0), "a-alice.sharklab"),
        (replace(ALICE, made=101.0), "b-alice.sharklab"),
    ],
)
def test_turn_takes_the_best_of_several(other: Identity | Failure, chosen: str) -> None:
    """Readable before signed before new; the instructor is told of the other."""
    alice = turns(("a-alice.sharklab", ALICE), ("b-alice.sharklab", other))["alice"]
    assert chosen == alice.entry.file
    [left] = {"a-alice.sharklab", "b-alice.sharklab"} - {chosen}
    assert [(SPARE, {"file": left})] == odd(alice)


@pytest.mark.parametrize(("seal", "graded"), [(Seal.WHOLE, True), (Seal.NONE, False), (Seal.BROKEN, False)])
def test_turn_of_a_stranger_needs_a_seat_of_the_course(seal: Seal, graded: bool) -> None:
    """Who is not in the roster is told either way, and graded with a signature of the course alone."""
    zoe = turns(("zoe.sharklab", Identity("zoe", "tp4", seal, 1.0, "")))["zoe"]
    assert (graded, [(STRANGER, {})]) == (zoe.source is not None, odd(zoe))
    assert graded == (not zoe.entry.problem)


def test_turns_without_a_roster_are_whoevers() -> None:
    """Nobody is a stranger then; a file that cannot be read is called what it is called."""
    found = turns(("alice.sharklab", ALICE), ("x/we ird=.sharklab", BROKEN), roster=())
    assert ["alice", "we_ird_"] == list(found)
    assert ([], BROKEN.reason) == (odd(found["alice"]), found["we_ird_"].entry.problem)


@pytest.mark.parametrize("folder", ["Bob_7_assignsubmission_file_", "Any One_12_assignsubmission_file_"])
def test_turn_tells_whose_folder_of_moodle_it_was_in(folder: str) -> None:
    """Bob hands in the file of Alice: it counts for Alice, and says who handed it in."""
    found = turns((f"{folder}/work.sharklab", ALICE))
    assert [(MISFILED, {"file": "work.sharklab", "other": "bob"})] == odd(found["alice"])
    assert not found["bob"].entry.file


@pytest.mark.parametrize(
    ("place", "owner"),
    [
        ("alice.sharklab", "alice"),
        ("tp4-alice.sharklab", "alice"),
        ("tp4-alice-bob.sharklab", "alice-bob"),
        ("Bob_7_assignsubmission_file_/x.sharklab", "bob"),
    ],
)
def test_turn_of_an_unreadable_file_is_by_its_name(place: str, owner: str) -> None:
    """The file's name and Moodle's folder tell whose it should have been."""
    assert BROKEN.reason == turns((place, BROKEN))[owner].entry.problem


def test_turn_refuses_another_lab() -> None:
    """A submission for another lab is not graded."""
    bob = turns(("bob.sharklab", Identity("bob", "tcpdump", Seal.WHOLE, 1.0, "")))["bob"]
    assert (None, Message("it is for the lab {lab}", {"lab": "tcpdump"})) == (bob.source, bob.entry.problem)


@pytest.mark.parametrize("name", [*sorted(RESERVED), "../alice", ".kept"])
def test_turn_keeps_the_gradebooks_files_from_students(name: str) -> None:
    """A student who is named like a file of the gradebook, or not like one at all, is not graded."""
    found = turns(("x.sharklab", Identity(name, "tp4", Seal.WHOLE, 1.0, "")), roster=())[name]
    assert found.source is None
    assert Message("{student!r} is not a valid student id", {"student": name}) == found.entry.problem


def test_lab_is_what_most_name() -> None:
    """One for another lab does not decide; of equals the first by name."""
    seen: tuple[Identity | Failure, ...] = (ALICE, BROKEN, *(replace(ALICE, lab=lab) for lab in "xyy"))
    found = {SubmissionSource(Path(str(number)), packed=True): each for number, each in enumerate(seen)}
    assert "y" == lab_of(found)
    assert "no submission names its lab" == error_of(InputError, lab_of, {}).message_id
