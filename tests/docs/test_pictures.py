"""The pictures of README.md exist, are small, have a text in words, and are those that the script draws."""

from __future__ import annotations

import re

from docs import pictures
from sharklab import paths

FOLDER = paths.ROOT / "docs" / "pictures"
IMAGE = re.compile(r"!\[([^\]]*)\]\(docs/pictures/([^)]+)\)")
LARGEST = 150_000
"""Bytes of one picture: README.md opens quickly for everybody."""


def _shown() -> dict[str, str]:
    return {name: text for text, name in IMAGE.findall((paths.ROOT / "README.md").read_text())}


def test_readme_shows_each_picture_of_the_script() -> None:
    """README.md, the script's list and the folder name the same pictures."""
    files = {file.name for file in FOLDER.iterdir()}
    assert set(pictures.PICTURES) == set(_shown()) == files


def test_pictures_are_small() -> None:
    """No picture is larger than the limit."""
    assert [file.name for file in FOLDER.iterdir() if file.stat().st_size > LARGEST] == []


def test_pictures_are_told_in_words() -> None:
    """Each picture has an alternative text of a whole sentence, for readers who do not see it."""
    assert [name for name, text in _shown().items() if len(text.split()) < 8] == []
