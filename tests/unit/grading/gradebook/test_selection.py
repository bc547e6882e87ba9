"""Whose a submission is, which of several counts, and what is odd about how it was handed in."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import inputs
from sharklab.grading.gradebook.inputs import SubmissionSource
from sharklab.grading.gradebook.job import Identity
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.gradebook.selection import RESERVED, Selection, lab_of, select
from sharklab.grading.submission.model import Seal
from sharklab.lab import load
from sharklab.lab.roster import Student
from sharklab.message import Message
from tests.support import gradebook_class as handed

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


def odd(turn: Selection) -> list[str]:
    """Return what is odd, in words."""
    return [str(remark.said) for remark in turn.entry.remarks]


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
    left = {"a-alice.sharklab", "b-alice.sharklab"} - {chosen}
    assert [f"{left.pop()} is also a submission of this student"] == odd(alice)


@pytest.mark.parametrize(("seal", "graded"), [(Seal.WHOLE, True), (Seal.NONE, False), (Seal.BROKEN, False)])
def test_turn_of_a_stranger_needs_a_seat_of_the_course(seal: Seal, graded: bool) -> None:
    """Who is not in the roster is told either way, and graded with a signature of the course alone."""
    zoe = turns(("zoe.sharklab", Identity("zoe", "tp4", seal, 1.0, "")))["zoe"]
    assert (graded, ["is not in the roster"]) == (zoe.source is not None, odd(zoe))
    assert graded == (not zoe.entry.problem)


def test_turns_without_a_roster_are_whoevers() -> None:
    """Nobody is a stranger then; a file that cannot be read is called what it is called."""
    found = turns(("alice.sharklab", ALICE), ("x/we ird=.sharklab", BROKEN), roster=())
    assert ["alice", "we_ird_"] == list(found)
    assert ([], "no zip") == (odd(found["alice"]), str(found["we_ird_"].entry.problem))


@pytest.mark.parametrize("folder", ["Bob_7_assignsubmission_file_", "Any One_12_assignsubmission_file_"])
def test_turn_tells_whose_folder_of_moodle_it_was_in(folder: str) -> None:
    """Bob hands in the file of Alice: it counts for Alice, and says who handed it in."""
    found = turns((f"{folder}/work.sharklab", ALICE))
    assert ["work.sharklab was handed in by bob"] == odd(found["alice"])
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
    assert "no zip" == str(turns((place, BROKEN))[owner].entry.problem)


def test_turn_refuses_another_lab() -> None:
    """A submission for another lab is not graded."""
    bob = turns(("bob.sharklab", Identity("bob", "tcpdump", Seal.WHOLE, 1.0, "")))["bob"]
    assert (None, "it is for the lab tcpdump") == (bob.source, str(bob.entry.problem))


@pytest.mark.parametrize("name", [*sorted(RESERVED), "../alice", ".kept"])
def test_turn_keeps_the_gradebooks_files_from_students(name: str) -> None:
    """A student who is named like a file of the gradebook, or not like one at all, is not graded."""
    found = turns(("x.sharklab", Identity(name, "tp4", Seal.WHOLE, 1.0, "")), roster=())[name]
    assert found.source is None
    assert "is not a valid student id" in str(found.entry.problem)


def test_lab_is_what_most_name() -> None:
    """One for another lab does not decide; of equals the first by name."""
    seen: tuple[Identity | Failure, ...] = (ALICE, BROKEN, *(replace(ALICE, lab=lab) for lab in "xyy"))
    found = {SubmissionSource(Path(str(number)), packed=True): each for number, each in enumerate(seen)}
    assert "y" == lab_of(found)
    with pytest.raises(InputError, match="no submission names its lab"):
        lab_of({})


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Return a folder with a packed submission, a student's folder, and other things."""
    (tmp_path / "class" / "sub").mkdir(parents=True)
    (tmp_path / "class" / "sub" / "a.sharklab").write_bytes(b"a")
    (tmp_path / "class" / "notes.txt").write_bytes(b"n")
    handed.folder(tmp_path / "class" / "bob")
    return tmp_path / "class"


def test_find_takes_files_and_folders_once(places: Path) -> None:
    """Packed files wherever they lie, students' folders; each once, by place."""
    found = inputs.find([places, places / "sub", places / "sub" / "a.sharklab"])
    assert [("bob", False), ("a.sharklab", True)] == [(each.name, each.packed) for each in found]


@pytest.mark.parametrize("place", ["nowhere", "sub/b.sharklab", "empty"])
def test_find_refuses_nothing(places: Path, place: str) -> None:
    """A place that is not there, or without a submission, is the instructor's mistake."""
    (places / "empty").mkdir()
    with pytest.raises(InputError):
        inputs.find([places / place])


def test_find_takes_every_file_that_a_student_may_have_handed_in(tmp_path: Path) -> None:
    """Moodle's folders and names of students tell; files of a system and of the instructor are none."""
    names = {
        "tp4-alice.sharklab": True,
        "tp4-alice.sharklab.zip": True,
        "TP4-ALICE.ZIP": True,
        "tp4-alice.sharklab (1)": True,
        "tp4-alice.sharklab.txt": True,
        "tp4-bob.rar": True,
        "Bob_7_assignsubmission_file_/report.pdf": True,
        "Bob_7_assignsubmission_file_report.pdf": True,
        "Bob_7_assignsubmission_onlinetext_/onlinetext.html": False,
        "._tp4-alice.sharklab": False,
        "__MACOSX/tp4-alice.sharklab": False,
        "Thumbs.db": False,
        "roster.csv": False,
        "notes.zipper": False,
    }
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = {source.path.relative_to(tmp_path).as_posix() for source in inputs.find([tmp_path], ROSTER)}
    assert {name for name, is_one in names.items() if is_one} == found


def test_find_takes_the_bundle_that_was_written_beside_the_work(places: Path) -> None:
    """The packed file is handed in; a folder that a bundle was unpacked to is one submission."""
    (places / "bob" / "tp4-bob.sharklab").write_bytes(b"x")
    assert ["tp4-bob.sharklab"] == [source.name for source in inputs.find([places / "bob"])]
    (places / "bob" / "manifest.json").write_text("{}")
    (places / "bob" / "manifest.sig").write_text("")
    assert ["bob"] == [source.name for source in inputs.find([places / "bob"])]


def test_find_follows_no_link_to_a_folder(tmp_path: Path) -> None:
    """It may lead anywhere."""
    handed.folder(tmp_path / "elsewhere" / "alice")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "alice").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError):
        inputs.find([tmp_path / "class"])


@pytest.mark.parametrize(
    ("place", "owner"),
    [
        ("Bob_7_assignsubmission_file_/tp4-alice.zip/tp4", "bob"),
        ("all.zip/Some One_13_assignsubmission_file_work.zip", "alice-bob"),
        ("TP4-Alice (1).sharklab.zip", "alice"),
        ("alice - Copie.zip", "alice"),
        ("alice/tp4", "alice"),
        ("malice.zip", ""),
        ("Zoe_9_assignsubmission_file_/x.zip", ""),
    ],
)
def test_owner_is_told_by_the_names_around_a_submission(place: str, owner: str) -> None:
    """Moodle's names come first, then the nearest one of a student."""
    found = inputs.owner(SubmissionSource(Path("x"), packed=True, place=place), ROSTER)
    assert owner == (found.id if found else "")


def test_digest_of_a_folder_is_of_names_and_contents(places: Path) -> None:
    """What counts as a change: an answer, a capture, its name; not what else lies there."""
    [source] = inputs.find([places / "bob"])
    seen = [inputs.digest(source)]
    (source.path / "notes.txt").write_text("mine")
    seen.append(inputs.digest(source))
    (source.path / "captures" / "dns.pcap").rename(source.path / "captures" / "web.pcap")
    seen.append(inputs.digest(source))
    (source.path / "answers.yml").write_text("{}")
    seen.append(inputs.digest(source))
    assert [True, False, False] == [before == after for before, after in itertools.pairwise(seen)]
