"""Find the texts that students typed in Moodle: its download has them beside the files of the students."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sharklab.grading.submission import finding, strays

NAME = re.compile(r"_(\d+)_assignsubmission_onlinetext")
"""How Moodle names the folder, or the file, of such a text, with the number of its participant."""
_DEPTH = 2
"""The most folders around the download that are looked into."""


@dataclass(frozen=True)
class OnlineText:
    """The text of a participant: its folder or its file in the download, and its files."""

    entry: Path
    files: tuple[Path, ...]


def find(base: Path) -> Mapping[str, OnlineText]:
    """Return the texts in the download `base`, by the number of their participant; of two the first."""
    texts: dict[str, OnlineText] = {}
    for number, entry in _entries(base, _DEPTH):
        files = tuple(finding.files(entry)) if entry.is_dir() else (entry,)
        if files:
            texts.setdefault(number, OnlineText(entry, files))
    return texts


def _entries(folder: Path, depth: int) -> Iterator[tuple[str, Path]]:
    for entry in sorted(folder.iterdir()):
        if strays.is_leftover(entry.name) or entry.is_symlink():
            continue
        if found := NAME.search(entry.name):
            yield found[1], entry
        elif depth and entry.is_dir():
            yield from _entries(entry, depth - 1)
