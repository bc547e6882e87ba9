"""The submissions in files and folders: each once, with a digest of its content."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import inputs
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
