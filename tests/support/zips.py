"""Zips as browsers, Moodle and students make them around submissions."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path


def zipped(file: Path, entries: Mapping[str, bytes]) -> Path:
    """Write a zip with these files, and return it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


def unzipped(file: Path, into: Path) -> Path:
    """Unpack a zip of the test's own into a folder, and return it."""
    with zipfile.ZipFile(file) as archive:
        archive.extractall(into)
    return into


def tree(folder: Path, top: str) -> dict[str, bytes]:
    """Return the files of a folder as entries of a zip below `top`, with the leftovers of macOS."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    left = {f"__MACOSX/{top}/._{file.name}": b"x" for file in files.values()}
    return {f"{top}/{name}": file.read_bytes() for name, file in files.items()} | left
