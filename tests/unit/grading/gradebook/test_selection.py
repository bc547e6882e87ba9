"""Whose a submission is, which of several counts, and what is odd about how it was handed in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import submission_source
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.gradebook.selection import (
    MISFILED,
    RESERVED,
    SHARED,
    SPARE,
    STRANGER,
    Selection,
    lab_of,
    select,
)
from sharklab.grading.gradebook.submission_source import SubmissionSource
from sharklab.grading.gradebook.work_item import Identity
from sharklab.grading.submission.model import Seal
from sharklab.lab import load
from sharklab.lab.exam import Window, Windows
from sharklab.lab.model import Exam, Lab
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
    *seen: tuple[str, Identity | Failure],
    roster: tuple[Student, ...] = ROSTER,
    lab: Lab | None = None,
    times: Windows | None = None,
) -> dict[str, Selection]:
    """Return each student's turn when these files were handed in."""
    found = {SubmissionSource(Path(place), packed=True): each for place, each in seen}
    chosen = select(tuple(found), roster, found, lab or load.read_named("tp4"), times)
    return {turn.entry.student: turn for turn in chosen}


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
        (replace(ALICE, text_only=True, made=900.0), "a-alice.sharklab"),
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


GROUPS = (
    Student("alice", "Alice", "", group="G1"),
    Student("bob", "Bob", "", group="G1"),
    Student("carol", "Carol", "", group="G2"),
    Student("zoe", "Zoe", ""),
)


def test_turn_of_a_group_is_the_submission_of_one_member() -> None:
    """It counts for every member, and for nobody else; that is nothing to look at."""
    found = turns(("alice.sharklab", ALICE), roster=GROUPS)
    who = {name: (turn.entry.file, turn.entry.author, turn.entry.seat_owner) for name, turn in found.items()}
    assert {
        "alice": ("alice.sharklab", "", "alice"),
        "bob": ("alice.sharklab", "alice", "alice"),
        "carol": ("", "", "carol"),
        "zoe": ("", "", "zoe"),
    } == who
    assert [[]] * 4 == [odd(turn) for turn in found.values()]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (BROKEN, "it cannot be read"),
        (
            replace(ALICE, student="bob", digest="b", seal=Seal.NONE, made=900.0),
            "no seat of the course signed it",
        ),
        (replace(ALICE, student="bob", digest="b", made=99.0), "it is older"),
        (
            replace(ALICE, student="bob", digest="b"),
            "the times of packing are equal or unknown, and the last file name counts",
        ),
    ],
)
def test_turn_of_a_group_with_two_submissions_tells_which_counts(
    other: Identity | Failure, reason: str
) -> None:
    """The instructor reads of each member which one counts, and why."""
    found = turns(("tp4-zzz-alice.sharklab", ALICE), ("tp4-bob.sharklab", other), roster=GROUPS)
    for name in ("alice", "bob"):
        [remark] = found[name].entry.remarks
        values = remark.said.values
        assert ("spare", "tp4-zzz-alice.sharklab", "tp4-bob.sharklab", "G1", reason) == (
            *(remark.kind, values["best"], values["file"], values["group"]),
            str(values["reason"]),
        )
        assert "tp4-zzz-alice.sharklab" == found[name].entry.file


def test_turn_of_a_group_takes_moodles_copies_for_one_submission() -> None:
    """Moodle puts the file into the folder of each member: none is spare, none is another's."""
    folders = ("G1-Alice_11_assignsubmission_file_", "G1-Bob_12_assignsubmission_file_")
    found = turns(*((f"{folder}/tp4-x.sharklab", ALICE) for folder in folders), roster=GROUPS)
    assert [[], []] == [odd(found[name]) for name in ("alice", "bob")]
    assert ["Participant 11", "Participant 12"] == [found[n].entry.moodle_id for n in ("alice", "bob")]


@pytest.mark.parametrize(
    ("folder", "owner"),
    [
        ("G1-Bob_12_assignsubmission_file_", "bob"),
        ("G2-Bob_12_assignsubmission_file_", ""),
        ("Jean-Zoe_12_assignsubmission_file_", ""),
        ("Default group-Zoe_12_assignsubmission_file_", "zoe"),
        ("Groupe par défaut-Zoe_12_assignsubmission_file_", "zoe"),
        ("Zoe_12_assignsubmission_file_", "zoe"),
    ],
)
def test_owner_of_a_groups_folder_is_named_behind_the_group(folder: str, owner: str) -> None:
    """A first name with a hyphen is no group, and another group is another student."""
    found = submission_source.owner(SubmissionSource(Path(folder) / "x.sharklab", packed=True), GROUPS)
    assert owner == (found.id if found else "")


@pytest.mark.parametrize(
    ("folders", "roster", "expected"),
    [
        (["Participant_77_assignsubmission_file_"], (), "Participant 77"),
        (["Participant_77_assignsubmission_file_"], (Student("alice", "Alice", ""),), "Participant 77"),
        (["Participant_77_assignsubmission_file_"], ROSTER, "Participant 11"),
        (["Alice_77_assignsubmission_file_"], (Student("alice", "Alice", ""),), "Participant 77"),
        (["Participant_77_assignsubmission_file_", "Participant_78_assignsubmission_file_"], (), ""),
        (
            ["Alice_77_assignsubmission_file_"],
            (Student("alice", "Alice", "", "Participant77"),),
            "Participant77",
        ),
        (["elsewhere"], (), ""),
    ],
)
def test_turn_knows_moodles_identifier_by_the_folder(
    folders: list[str], roster: tuple[Student, ...], expected: str
) -> None:
    """Where marking is blind, the folders of the download alone tell whose row it is; two tell nothing."""
    seen = [(f"{folder}/tp4-alice.sharklab", ALICE) for folder in folders]
    assert expected == turns(*seen, roster=roster)["alice"].entry.moodle_id


@pytest.mark.parametrize("identifier", ["Participant 12", "Participant12", "Teilnehmer/in12"])
def test_owner_of_a_folder_has_moodles_number_in_each_language(identifier: str) -> None:
    """The roster was a worksheet of a site in any language."""
    source = SubmissionSource(Path("Somebody_12_assignsubmission_file_/x.sharklab"), packed=True)
    student = Student("bob", "Bob", "", identifier)
    assert student == submission_source.owner(
        source, (Student("alice", "Alice", "", "Participant 2"), student)
    )


def test_turn_gives_the_identifier_of_a_folder_to_its_owner() -> None:
    """Bob hands in Alice's file: the row of Bob is not hers."""
    roster = (Student("alice", "Alice", ""), Student("bob", "Bob", ""))
    found = turns(("Bob_12_assignsubmission_file_/x.sharklab", ALICE), roster=roster)
    assert ("", "Participant 12") == (found["alice"].entry.moodle_id, found["bob"].entry.moodle_id)


FOLDER = Identity("", "", Seal.NONE, 0.0, "f" * 64)
PAIRS = (
    Student("alice", "Alice Martin", ""),
    Student("bob", "Bob Durand", ""),
    Student("carol", "Carol", "", group="Les Loups"),
    Student("dan", "Dan", "", group="Les Loups"),
)


@pytest.mark.parametrize(
    ("file", "whose", "is_told"),
    [
        ("tp4-alice-bob", {"alice", "bob"}, True),
        ("Bob Durand - Alice Martin", {"alice", "bob"}, True),
        ("les-loups", {"carol", "dan"}, False),
        ("carol", {"carol", "dan"}, False),
        ("alice-carol", {"alice"}, False),
        ("alice", {"alice"}, False),
    ],
)
def test_turn_of_a_pair_is_the_folder_with_both_names(file: str, whose: set[str], is_told: bool) -> None:
    """It counts for each of them, by the groups of the roster or by the names."""
    found = turns((file, FOLDER), roster=PAIRS)
    assert set(found) == {each.id for each in PAIRS}
    assert whose == {name for name, turn in found.items() if turn.source}
    told = {name for name, turn in found.items() if SHARED in [kind for kind, _ in odd(turn)]}
    assert (whose if is_told else set()) == told
    assert len(whose) == len([turn for turn in found.values() if turn.source and not turn.entry.problem])


def test_turn_of_a_signed_submission_is_its_students_whatever_the_name() -> None:
    """A name with two students makes no pair of them where a seat signed."""
    found = turns(("tp4-alice-bob.sharklab", ALICE), roster=PAIRS)
    assert (True, False) == (bool(found["alice"].source), bool(found["bob"].source))


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


def exam() -> Lab:
    """Return tp4 as an exam."""
    return replace(load.read_named("tp4"), exam=Exam(90))


def test_turn_of_an_exam_takes_the_first_in_the_students_time() -> None:
    """Bob has more time than Alice; the others are listed, each with the reason."""
    times = Windows(Window(100.0, 200.0), {"bob": Window(100.0, 300.0)})
    seen = [(name, made) for name in ("alice", "bob") for made in (99.0, 250.0, 260.0)]
    files = [
        (f"{name}-{made:g}.sharklab", replace(ALICE, student=name, made=made, digest=f"{name}{made}"))
        for name, made in seen
    ]
    found = turns(*files, lab=exam(), times=times)
    assert {"alice": "alice-250.sharklab", "bob": "bob-250.sharklab"} == {
        name: found[name].entry.file for name in ("alice", "bob")
    }
    assert (times.common, times.own["bob"]) == (found["alice"].window, found["bob"].window)
    reasons = [(kind, values["file"], str(values["reason"])) for kind, values in odd(found["bob"])]
    assert [
        (SPARE, "bob-260.sharklab", "in an exam the first submission counts"),
        (SPARE, "bob-99.sharklab", "it was not made in the time of the exam"),
    ] == reasons


def test_turn_of_an_exam_takes_copies_for_one_submission() -> None:
    """The same file twice is no second submission."""
    found = turns(("a-alice.sharklab", ALICE), ("b-alice.sharklab", ALICE), lab=exam())
    assert [] == odd(found["alice"])


def test_turn_of_a_group_in_an_exam_has_the_time_of_its_slowest_member() -> None:
    """Whoever of the group packs it, it is in time."""
    times = Windows(Window(100.0, 200.0), {"bob": Window(100.0, 300.0)})
    found = turns(("x.sharklab", replace(ALICE, made=250.0)), roster=GROUPS, lab=exam(), times=times)
    assert {times.own["bob"]} == {found[name].window for name in ("alice", "bob")}
