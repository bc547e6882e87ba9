"""The pictures of the documentation exist, are small, have a text in words, and are those that are drawn."""

from __future__ import annotations

import re

from docs import pictures
from sharklab import paths

FOLDER = paths.ROOT / "docs" / "pictures"
IMAGE = re.compile(r"!\[([^\]]*)\]\((?:docs/)?pictures/([^)]+)\)")
DRAWN = {"README.md": set(pictures.OF_README), "docs/workbench.md": set(pictures.OF_THE_LESSON)}
LARGEST = 150_000
"""Bytes of one picture: README.md opens quickly for everybody."""


def _shown(page: str) -> dict[str, str]:
    return {name: text for text, name in IMAGE.findall((paths.ROOT / page).read_text())}


def test_pages_show_each_picture_that_is_drawn() -> None:
    """The pages, the lists of the script and the folder name the same pictures."""
    assert {page: set(_shown(page)) for page in DRAWN} == DRAWN
    assert set.union(*DRAWN.values()) == {file.name for file in FOLDER.iterdir()}


def test_pictures_are_small() -> None:
    """No picture is larger than the limit."""
    assert [file.name for file in FOLDER.iterdir() if file.stat().st_size > LARGEST] == []


def test_pictures_are_told_in_words() -> None:
    """Each picture has an alternative text of a whole sentence, for readers who do not see it."""
    texts = {name: text for page in DRAWN for name, text in _shown(page).items()}
    assert [name for name, text in texts.items() if len(text.split()) < 8] == []
