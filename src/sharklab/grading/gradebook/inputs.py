"""Find the submissions in the files and folders that the instructor names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.grading.submission import bundle, sheet, work
from sharklab.lab.roster import Student
from sharklab.limits import BUNDLE
from sharklab.message import N_

_PARTICIPANT = re.compile(r"_(\d+)_assignsubmission_")
"""How Moodle names the folder of each participant when all submissions are downloaded."""


@dataclass(frozen=True)
class SubmissionSource:
    """A submission as it was handed in: a packed file, or a student's own folder."""

    path: Path
    packed: bool

    @property
    def name(self) -> str:
        """The name of the file or folder."""
        return self.path.name


def find(places: Iterable[Path]) -> tuple[SubmissionSource, ...]:
    """Return the submissions that `places` are or hold, sorted, each once.

    A folder with answers or captures in it is a submission itself. Raises InputError when a place is
    missing, or when there is no submission at all.
    """
    places = tuple(places)
    found = sorted({source for place in places for source in _find(place)}, key=lambda each: each.path)
    if not found:
        raise InputError(
            N_("there is no submission here"),
            place=", ".join(map(str, places)),
            hint=N_("name files from `sharklab submit`, or folders of such files"),
        )
    return tuple(found)


def _find(place: Path) -> Iterator[SubmissionSource]:
    if place.is_dir():
        yield from _below(place)
    elif place.exists():
        yield SubmissionSource(place, packed=True)
    else:
        raise InputError(N_("there is no such file or folder"), place=str(place))


def _below(folder: Path) -> Iterator[SubmissionSource]:
    if (folder / sheet.NAME).exists() or (folder / work.CAPTURES).is_dir():
        yield SubmissionSource(folder, packed=False)
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith("."):
            yield from _below(entry)
        elif entry.suffix == bundle.ENDING:
            yield SubmissionSource(entry, packed=True)


def digest(source: SubmissionSource) -> str:
    """Return the SHA-256 of a submission: of the packed file, or of the names and contents in its folder.

    A file larger than the limit is read up to the limit only; it is refused anyway.
    """
    if source.packed:
        return _digest(source.path)
    files = [source.path / sheet.NAME, *sorted((source.path / work.CAPTURES).glob("*"))]
    parts = [f"{file.name} {_digest(file)}" for file in files if file.exists()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _digest(file: Path) -> str:
    found = hashlib.sha256()
    try:
        with untrusted.stream(file, 1 << 62) as stream:
            for part in _parts(stream):
                found.update(part)
    except InputError as error:  # a link, a pipe: nothing of it is read
        return hashlib.sha256(error.message.encode()).hexdigest()
    return found.hexdigest()


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    left = BUNDLE.file + 1
    while left > 0 and (part := stream.read(min(left, 1 << 20))):
        yield part
        left -= len(part)


def participant(source: SubmissionSource) -> str:
    """Return the number of Moodle's participant in whose folder of the download a submission is, or ""."""
    for name in (source.path.parent.name, source.path.name):
        if found := _PARTICIPANT.search(name):
            return found[1]
    return ""


def owner(source: SubmissionSource, students: Sequence[Student]) -> Student | None:
    """Return the student whom the submission's file or folder names, if any.

    Moodle, the instructor or a student gave these names. They count only if the submission itself cannot be
    read.
    """
    stem = source.path.stem if source.packed else source.path.name
    named = [each for each in students if stem == each.id or stem.endswith(f"-{each.id}")]
    if not named and (found := _PARTICIPANT.search(str(source.path.parent.name))):
        wanted = (found[1], source.path.parent.name[: found.start()].casefold())
        named = [each for each in students if _is_participant(each, *wanted)]
    return max(named, key=lambda each: len(each.id), default=None)


def _is_participant(student: Student, number: str, name: str) -> bool:
    named = student.name.casefold()
    own = bool(named) and (name == named or (bool(student.group) and name.endswith(f"-{named}")))
    return student.moodle_id.rpartition(" ")[2] == number or own
