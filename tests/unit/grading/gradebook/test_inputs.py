"""The submissions in files and folders: each once, with a digest of its content."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import inputs
from sharklab.grading.gradebook.inputs import SubmissionSource
from sharklab.lab.roster import Student
from tests.support import gradebook_class as handed


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


def test_digest_of_a_packed_file_is_of_its_bytes(places: Path, tmp_path: Path) -> None:
    """A link is not followed: its digest is that of the refusal."""
    [source] = inputs.find([places / "sub"])
    assert hashlib.sha256(b"a").hexdigest() == inputs.digest(source)
    (tmp_path / "link.sharklab").symlink_to(source.path)
    link = SubmissionSource(tmp_path / "link.sharklab", packed=True)
    assert inputs.digest(source) != inputs.digest(link) == inputs.digest(link)


STUDENTS = (
    Student("alice", "Alice Martin", "", "Participant 11"),
    Student("alice-bob", "Bob", "", ""),
)


@pytest.mark.parametrize(
    ("place", "packed", "owner"),
    [
        ("alice.sharklab", True, "alice"),
        ("tp4-alice-bob.sharklab", True, "alice-bob"),
        ("alice.x", False, ""),
        ("alice", False, "alice"),
        ("Someone_11_assignsubmission_file_/x.sharklab", True, "alice"),
        ("ALICE MARTIN_99_assignsubmission_file_/x.sharklab", True, "alice"),
        ("Someone_99_assignsubmission_file_/x.sharklab", True, ""),
    ],
)
def test_owner_is_named_by_the_file_or_its_folder(place: str, packed: bool, owner: str) -> None:
    """By the student's id, else by the number or the name in a folder of Moodle."""
    found = inputs.owner(SubmissionSource(Path(place), packed), STUDENTS)
    assert owner == (found.id if found else "")
