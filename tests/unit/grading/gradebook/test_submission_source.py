"""A submission as it came: whose it is by its names, and when it has changed."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest

from sharklab.grading.gradebook import submission_source
from sharklab.grading.gradebook.named import ClassNames
from sharklab.grading.gradebook.submission_source import SubmissionSource
from sharklab.lab.roster import Student
from tests.support import gradebook_class as handed

ROSTER = tuple(Student(name, name.title(), "") for name in ("alice", "bob", "carol", "dan", "erin"))
STUDENTS = (
    Student("alice", "Alice", "alice@example.org", "Participant 11"),
    Student("bob", "Bob", "bob@example.org", "Participant 12"),
    Student("alice-bob", "Both", "both@example.org", "Participant 13"),
)


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
    found = submission_source.owner(SubmissionSource(Path("x"), packed=True, place=place), STUDENTS)
    assert owner == (found.id if found else "")


@pytest.mark.parametrize(("whose", "name"), [("", "a.zip"), ("alice", "alice")])
def test_name_is_that_of_the_folder_where_there_is_one(whose: str, name: str) -> None:
    """In a course without seats, a packed file is alone in the folder of its student."""
    assert name == SubmissionSource(Path("class/a.zip"), packed=True, whose=whose).name


@pytest.mark.parametrize(
    ("place", "students"),
    [
        ("tp4-alice-bob", ["alice", "bob"]),
        ("alice-bob/TP4", ["alice", "bob"]),
        ("x-carol.zip", ["carol"]),
        ("Alice_12_assignsubmission_file_/bob", ["alice"]),
        ("nobody", []),
    ],
)
def test_owners_are_all_whom_a_name_means(place: str, students: list[str]) -> None:
    """A pair has one folder; Moodle's names come first."""
    source = SubmissionSource(Path("x"), packed=False, place=place)
    assert students == [each.id for each in submission_source.owners(source, ClassNames(ROSTER))]


def test_digest_of_a_folder_is_of_names_and_contents(tmp_path: Path) -> None:
    """What counts as a change: an answer, a capture, its name; not what else lies there."""
    handed.folder(tmp_path / "bob")
    source = SubmissionSource(tmp_path / "bob", packed=False)
    seen = [submission_source.digest(source)]
    (source.path / "notes.py").write_text("mine")
    seen.append(submission_source.digest(source))
    (source.path / "captures" / "dns.pcap").rename(source.path / "captures" / "web.pcap")
    seen.append(submission_source.digest(source))
    (source.path / "answers.yml").write_text("{}")
    seen.append(submission_source.digest(source))
    assert [True, False, False] == [before == after for before, after in itertools.pairwise(seen)]


def test_digest_of_a_packed_file_is_of_its_bytes(tmp_path: Path) -> None:
    """A link is not followed: its digest is that of the refusal."""
    (tmp_path / "a.sharklab").write_bytes(b"a")
    source = SubmissionSource(tmp_path / "a.sharklab", packed=True)
    assert hashlib.sha256(b"a").hexdigest() == submission_source.digest(source)
    (tmp_path / "link.sharklab").symlink_to(source.path)
    link = SubmissionSource(tmp_path / "link.sharklab", packed=True)
    assert (
        submission_source.digest(source) != submission_source.digest(link) == submission_source.digest(link)
    )


def test_digest_of_a_folder_follows_captures_anywhere_in_it(tmp_path: Path) -> None:
    """A student who changes one, or a text with answers, is graded again; other files do not count."""
    work = tmp_path / "alice"
    work.mkdir()
    source = SubmissionSource(work, packed=False)
    before = submission_source.digest(source)
    (work / "x.py").write_text("x")
    assert before == submission_source.digest(source)
    (work / "x.bin").write_bytes(bytes.fromhex("d4c3b2a1") + bytes(20))
    assert before != (second := submission_source.digest(source))
    (work / "README.md").write_text("x")
    assert second != submission_source.digest(source)


def test_digest_follows_the_online_text(tmp_path: Path) -> None:
    """Of a folder, and of a text alone."""
    (text := tmp_path / "onlinetext.html").write_text("a")
    (work := tmp_path / "alice").mkdir()
    for source in (
        SubmissionSource(work, packed=False, texts=(text,)),
        SubmissionSource(text, packed=False, texts=(text,)),
    ):
        before = submission_source.digest(source)
        assert before != submission_source.digest(SubmissionSource(source.path, packed=False))
        text.write_text(f"{text.read_text()}a")
        assert before != submission_source.digest(source)


def test_digest_of_an_unpacked_bundle_follows_what_is_signed(tmp_path: Path) -> None:
    """The manifest, its signature and the state of the hosts count only where a bundle was unpacked."""
    (tmp_path / "state").mkdir()
    seen = []
    for name in ("state/server.json", "manifest.json", "manifest.sig", "state/client.json"):
        (tmp_path / name).write_text("{}")
        seen.append(submission_source.digest(SubmissionSource(tmp_path, packed=False)))
    assert [True, False, False] == [before == after for before, after in itertools.pairwise(seen)]
