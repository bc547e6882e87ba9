"""Bring together what a student handed in: the own folder, the archives in it, and Moodle's online text.

Students pack their captures and put the zip beside the README; Moodle keeps the text that they typed in a
folder of its own. The new folder has all of it. The content of an archive lies in a folder of the archive's
name, so that the place of each file tells where it is from. An archive in an archive stays packed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from pathlib import Path

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.grading.submission import archive, finding, strays, tarball
from sharklab.grading.submission.model import Problem
from sharklab.limits import BUNDLE
from sharklab.message import Message

MOST = 20
"""Archives of a folder that are unpacked; the others are named as files that nobody reads."""
_MOODLE = "moodle-{number}"
"""The folders of online texts whose names other files have."""


def list_archives(folder: Path, lab: str = "") -> list[Path]:
    """Return the archives below `folder` that can be unpacked, at most `MOST`.

    Those in a folder of the lab come first; those of another lab are left alone.
    """
    near = [
        (nearness, file)
        for file in finding.files(folder)
        if strays.is_archive(file.name) and not strays.is_leftover(file.name)
        for nearness in [finding.nearness(file.relative_to(folder).parts, lab) if lab else finding.ANY]
        if nearness is not finding.OTHER and _is_readable(file)
    ]
    return [file for _, file in sorted(near)[:MOST]]


def _is_readable(file: Path) -> bool:
    """Tell by its first bytes whether an archive is of a format that is unpacked; a link is of none."""
    return tarball.is_tar(file) or (file.is_file() and not file.is_symlink() and archive.is_zip(file))


def extract(file: Path, into: Path, most: int) -> tuple[int, Mapping[Path, Message]]:
    """Unpack a zip or a tar to at most `most` bytes; return how many came out, and why a file did not.

    Raises InputError when it is neither, damaged, or beyond the limits.
    """
    if tarball.is_tar(file):
        return tarball.extract(file, into, most), {}
    return archive.extract(file, into, most)


def bring_together(
    folder: Path, texts: Sequence[Path], into: Path, lab: str = "", most: int = BUNDLE.unpacked
) -> tuple[Problem, ...]:
    """Fill the new folder `into` with `texts` and the files below `folder`, its archives unpacked.

    They unpack to at most `most` bytes in all. Return the refused files, and why. Where `folder` is no
    folder, only `texts` count. Nothing is written to a file of the student.
    """
    into.mkdir(mode=0o700, parents=True)
    packed = list_archives(folder, lab)
    for file in finding.files(folder):
        if file not in packed:
            _put(file, into / file.relative_to(folder))
    refused = tuple(_unpack(folder, packed, into, most))
    for text in texts:
        places = chain([into], (into / _MOODLE.format(number=number) for number in count(1)))
        _put(text, next(place / text.name for place in places if not os.path.lexists(place / text.name)))
    return refused


def _put(file: Path, target: Path) -> None:
    """Put a file at a free place, without a copy where both are on one file system; links stay links."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(file, target, follow_symlinks=False)
    except OSError:  # another file system, or one without such links
        if file.is_symlink() or file.is_file():
            shutil.copyfile(file, target, follow_symlinks=False)


def _unpack(folder: Path, packed: Iterable[Path], into: Path, most: int) -> Iterator[Problem]:
    """Unpack archives to folders of their names; yield the refused files."""
    left = most
    for file in packed:
        target = into / file.relative_to(folder)
        target.mkdir(mode=0o700, parents=True)
        name = untrusted.one_line(file.relative_to(folder).as_posix())
        try:
            size, faults = extract(file, target, left)
        except InputError as error:
            shutil.rmtree(target)
            yield Problem(name, error.sentence)
            continue
        left -= size
        for place, fault in faults.items():
            yield Problem(untrusted.one_line(place.relative_to(into).as_posix()), fault)
