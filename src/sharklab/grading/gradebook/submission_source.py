"""A submission as it was handed in: its place, the students whom its names mean, and its digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePath
from typing import IO

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.grading.gradebook.named import ClassNames
from sharklab.grading.submission import bundle, finding, manifest, page_answers, sheet, strays, work
from sharklab.grading.submission.model import Problem
from sharklab.lab.roster import PARTICIPANT, Student, own_group
from sharklab.limits import BUNDLE

IN_MOODLE = re.compile(r"_(\d+)_assignsubmission_")
"""How Moodle begins the name of each participant's folder, or file, when all submissions are downloaded."""
_ENDINGS = re.compile(
    r"(?:\.(?:sharklab|zip|7z|rar|tar|tgz|gz|xz|bz2|txt|pdf|bin)|\s*\(\d{1,3}\)|\s*- cop(?:y|ie))+$",
    re.IGNORECASE,
)


class Content(StrEnum):
    """The content of a packed file: anything with submissions in it, or folders of a course without seats.

    Such a file holds the folders of a class, or the folder of one student.
    """

    ANY = "any"
    CLASS = "class"
    STUDENT = "student"


@dataclass(frozen=True)
class SubmissionSource:
    """A submission as it was handed in: a packed file, or a student's own folder.

    `place` is where it lies in the folder or the file that the instructor named; `nested` zips lie around it.
    It may unpack to `most` bytes. `problems` are the files of it that did not come out of a zip. `whose` is
    the name of the student's folder or file in a course without seats, "" where it has no other than its own.
    `texts` are the files of the text that the student typed in Moodle.
    """

    path: Path
    packed: bool
    place: str = ""
    nested: int = 0
    most: int = BUNDLE.unpacked
    problems: tuple[Problem, ...] = field(default=(), hash=False)
    content: Content = Content.ANY
    whose: str = ""
    texts: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """The name of the file or folder that stands for its student."""
        return self.whose or self.parts[-1]

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the folders and zips around it, and its own."""
        return PurePath(self.place or str(self.path)).parts


def stem(name: str) -> str:
    """Return `name` without the endings of packed files and the numbers of browsers."""
    return _ENDINGS.sub("", name)


def participant(source: SubmissionSource) -> str:
    """Return the number of Moodle's participant in whose folder of the download a submission is, or ""."""
    found = next(filter(None, map(IN_MOODLE.search, source.parts)), None)
    return found[1] if found else ""


def owner(source: SubmissionSource, students: Sequence[Student]) -> Student | None:
    """Return the student whom the names of the submission and of the folders around it mean, if any.

    Moodle, the instructor or a student gave these names: those of Moodle come first. They count only if the
    submission does not name its student itself.
    """
    for part in source.parts:
        if (found := IN_MOODLE.search(part)) and (
            named := _participants(found[1], part[: found.start()], students)
        ):
            return named[0]
    for part in reversed(source.parts):
        own = stem(part).casefold()
        ids = [
            each for each in students if own == each.id.casefold() or own.endswith(f"-{each.id.casefold()}")
        ]
        if ids:
            return max(ids, key=lambda each: len(each.id))
    return None


def owners(source: SubmissionSource, names: ClassNames) -> tuple[Student, ...]:
    """Return the students whom the names of a submission and of the folders around it mean.

    A name may be that of a pair or of a group of the roster. For other names see `owner`.
    """
    for part in reversed(source.parts) if not participant(source) else ():
        if together := names.of(stem(part)):
            return together
    found = owner(source, names.students)
    return (found,) if found else ()


def _participants(number: str, name: str, students: Sequence[Student]) -> list[Student]:
    """Return the students with Moodle's `number` of a participant, then those of this name.

    The folder of a member of a group has the name of the group before that of the student.
    """
    by_number = [
        each for each in students if (found := PARTICIPANT.fullmatch(each.moodle_id)) and found[1] == number
    ]
    return by_number or [each for each in students if each.name and _is_named(each, name)]


def _is_named(student: Student, name: str) -> bool:
    """Tell whether Moodle's name of a folder is the student's, also with that of the group before it."""
    wanted, own = name.casefold(), student.name.casefold()
    behind = wanted.endswith(f"-{own}") and own_group(name[: -len(own) - 1]) == student.group
    return wanted == own or behind


def digest(source: SubmissionSource) -> str:
    """Return the SHA-256 of a submission: of the packed file, or of the names and contents in its folder.

    A text that was typed in Moodle belongs to it. A file larger than the limit is read up to the limit only;
    it is refused anyway.
    """
    own = _digest_of_folder(source.path) if source.path.is_dir() else _digest(source.path)
    parts = [own, *(f"{text.name} {_digest(text)}" for text in source.texts)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() if source.texts else own


def _digest_of_folder(folder: Path) -> str:
    files = [*sheet.find(folder)[:1], *sorted(work.captures_folder(folder).glob("*"))]
    if bundle.is_unpacked(folder):
        files += [folder / name for name in (manifest.NAME, manifest.SIGNATURE)]
        files += sorted((folder / work.STATE).glob("*"))
    files += [file for file in finding.files(folder) if file not in files and _counts(file)]
    parts = [f"{file.name} {_digest(file)}" for file in files if file.exists()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _counts(file: Path) -> bool:
    """Tell whether a file somewhere in a folder may be a part of the work."""
    name = file.name
    return (
        sheet.is_sheet(name)
        or page_answers.is_page(name)
        or strays.is_stray(name)
        or finding.is_capture(file)
    )


def _digest(file: Path) -> str:
    found = hashlib.sha256()
    try:
        with untrusted.stream(file, 1 << 62) as stream:
            for part in _parts(stream):
                found.update(part)
    except InputError as error:  # a link, a pipe: its content is not read
        return hashlib.sha256(error.message.encode()).hexdigest()
    return found.hexdigest()


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    left = BUNDLE.file + 1
    while left > 0 and (part := stream.read(min(left, 1 << 20))):
        yield part
        left -= len(part)
