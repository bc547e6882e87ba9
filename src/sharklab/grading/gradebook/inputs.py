"""Find the submissions in the files and folders that the instructor names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path, PurePath
from typing import IO

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.grading.gradebook import online_text
from sharklab.grading.gradebook.named import ClassNames
from sharklab.grading.submission import (
    bundle,
    finding,
    manifest,
    page_answers,
    sheet,
    strays,
    tarball,
    unpacked,
    work,
)
from sharklab.grading.submission.model import Problem
from sharklab.lab.roster import PARTICIPANT, Student, own_group
from sharklab.limits import ARCHIVE, BUNDLE
from sharklab.message import N_

_PARTICIPANT = re.compile(r"_(\d+)_assignsubmission_")
"""How Moodle begins the name of each participant's folder, or file, when all submissions are downloaded."""
_PACKED = re.compile(r"\.(?:sharklab|zip|rar|7z|tar|tgz|tar\.[gx]z)(?:\W.*)?$", re.IGNORECASE)
"""The endings of packed files, also of formats that are not read, with the additions of browsers."""
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


def find_folders(
    places: Iterable[Path], students: Sequence[Student] = (), lab: str = ""
) -> tuple[SubmissionSource, ...]:
    """Return each folder in `places` as the submission of the student whom it is named after.

    A folder is taken as it is, for example a git checkout, and so is one in a zip. A place with answers or
    captures of its own is one submission. A folder in which folders have the names of `students` is not one
    submission: each of these folders is, but for those in the folders of other labs than `lab`. Raises
    InputError when a place is missing, or nothing was found.
    """
    places = tuple(places)
    names = ClassNames(students)
    sources = [source for place in places for source in _class(place, names, lab)]
    if not sources:
        raise InputError(
            N_("there is no submission here"),
            place=", ".join(map(str, places)),
            hint=N_("name the folder of the students' folders"),
        )
    return tuple(sorted(dict.fromkeys(sources), key=lambda source: (source.parts, source.path)))


def _class(place: Path, names: ClassNames, lab: str) -> Iterator[SubmissionSource]:
    if not place.exists():
        raise InputError(N_("there is no such file or folder"), place=str(place))
    if place.is_dir():
        yield from _with_texts(_folders(place, names, lab), place)
    else:
        yield SubmissionSource(
            place, packed=True, place=place.name, most=ARCHIVE.whole_class, content=Content.CLASS
        )


def _folders(place: Path, names: ClassNames, lab: str) -> Iterator[SubmissionSource]:
    if _is_work(place) or any(map(finding.is_capture, filter(Path.is_file, place.iterdir()))):
        yield _student(place, place)
        return
    for entry in _entries(place):
        shared = _list_shared_folders(entry, names, lab)
        for own in [entry] if shared is None else shared:
            yield _student(own, place)


def _entries(place: Path) -> list[Path]:
    """Return the folders and the packed files in `place` that students may have handed in."""
    return [
        entry
        for entry in sorted(place.iterdir())
        if not strays.is_leftover(entry.name)
        and not online_text.NAME.search(entry.name)
        and not entry.is_symlink()
        and (entry.is_dir() or _PACKED.search(entry.name))
    ]


def _list_shared_folders(entry: Path, names: ClassNames, lab: str, depth: int = 2) -> list[Path] | None:
    """Return the folders of students in a repository that several share, None where `entry` is one's own.

    They have the names of students, and lie in `entry`, or in a folder there that is of no other lab. One of
    them is enough where `entry` itself names nobody.
    """
    if not names.students or not entry.is_dir():
        return None
    folders = [each for each in _entries(entry) if each.is_dir()]
    whose = {folder: students for folder in folders if (students := names.of(folder.name))}
    people = {student.id for students in whose.values() for student in students}
    if len(people) > 1 or (people and not names.of(entry.name)):
        is_other = lab and finding.nearness((entry.name,), lab) is finding.OTHER
        return [] if is_other else list(whose)
    below = [_list_shared_folders(folder, names, lab, depth - 1) for folder in folders if depth]
    shared = [each for each in below if each is not None]
    return [folder for each in shared for folder in each] if shared else None


def _student(path: Path, base: Path) -> SubmissionSource:
    """Return the folder of a student, or the packed file that it is, or that is the only file in it.

    A tar in a folder is unpacked with the folder (`submission.unpacked`).
    """
    files = list(islice(finding.files(path), 2)) if path.is_dir() else [path]
    whose = path.name if path != base else ""
    is_tar = path.is_dir() and len(files) == 1 and tarball.is_tar(files[0])
    if len(files) == 1 and _PACKED.search(files[0].name) and not is_tar:
        return replace(_source(files[0], base, packed=True), content=Content.STUDENT, whose=whose)
    return replace(_source(path, base, packed=False), whose=whose)


def find(places: Iterable[Path], students: Sequence[Student] = ()) -> tuple[SubmissionSource, ...]:
    """Return the submissions that `places` are or hold, sorted, each once.

    A folder with answers or captures in it is a submission itself, and so is a packed file. Any other file
    is one if it lies in a participant's folder of Moodle, or has the name of one of `students`: nobody reads
    it, but its student hears of it. Raises InputError when a place is missing, or when nothing was found.
    """
    places = tuple(places)
    sources: dict[Path, SubmissionSource] = {}
    for place in places:
        for source in _find(place, students):
            sources.setdefault(source.path, source)
    if not sources:
        raise InputError(
            N_("there is no submission here"),
            place=", ".join(map(str, places)),
            hint=N_("name files from `sharklab submit`, or folders of such files"),
        )
    return tuple(sorted(sources.values(), key=lambda source: (source.parts, source.path)))


def _find(place: Path, students: Sequence[Student]) -> Iterator[SubmissionSource]:
    if place.is_dir():
        yield from _with_texts(_below(place, place, students), place)
    elif place.exists():
        yield SubmissionSource(place, packed=True, place=place.name, most=ARCHIVE.whole_class)
    else:
        raise InputError(N_("there is no such file or folder"), place=str(place))


def _below(folder: Path, base: Path, students: Sequence[Student]) -> Iterator[SubmissionSource]:
    """Yield the submissions in `folder`, with their places below `base`."""
    entries = sorted(entry for entry in folder.iterdir() if not strays.is_leftover(entry.name))
    files = [entry for entry in entries if not entry.is_dir()]
    if _is_work(folder):
        bundles = [file for file in files if bundle.ENDING in file.name.casefold()]
        if bundles and not bundle.is_unpacked(folder):  # `submit` wrote it there: it is handed in
            yield from (_source(file, base, packed=True) for file in bundles)
        else:
            yield _source(folder, base, packed=False)
        return
    for entry in entries:
        if entry in files:
            source = _source(entry, base, packed=True)
            if _PACKED.search(entry.name) or _is_handed_in(source, students):
                yield source
        elif not entry.is_symlink():
            own = _loose(entry, base, students)
            yield from [own] if own else _below(entry, base, students)


def _loose(folder: Path, base: Path, students: Sequence[Student]) -> SubmissionSource | None:
    """Return a student's folder with captures, texts or archives that are no submission by themselves.

    Moodle makes such a folder of the files that a student uploads one by one. A packed file that is alone
    there, or that has a bundle in it, is the submission itself.
    """
    source = _source(folder, base, packed=False)
    named = _PARTICIPANT.search(folder.name) or owner(replace(source, place=folder.name), students)
    entries = [entry for entry in folder.iterdir() if not strays.is_leftover(entry.name)]
    if not named or _is_work(folder) or not all(entry.is_file() for entry in entries):
        return None
    packed = [entry for entry in entries if _PACKED.search(entry.name)]
    if any(map(bundle.is_packed, packed)) or len(packed) == len(entries) == 1:
        return None
    return source if any(finding.is_capture(entry) or entry in packed for entry in entries) else None


def _is_work(folder: Path) -> bool:
    """Tell whether a folder is a student's, or was unpacked from a bundle."""
    return bool(sheet.find(folder)) or any(
        (folder / name).exists() for name in (work.CAPTURES, manifest.NAME)
    )


def _source(path: Path, base: Path, packed: bool) -> SubmissionSource:
    place = path.relative_to(base).as_posix() if path != base else path.name
    return SubmissionSource(path, packed, place)


def _is_handed_in(source: SubmissionSource, students: Sequence[Student]) -> bool:
    """Tell whether a file that is no packed submission was meant as one: by Moodle's names and by its own."""
    if any(map(online_text.NAME.search, source.parts)):
        return False
    own = replace(source, place=source.name)  # a student's folder may hold a whole repository
    return any(map(_PARTICIPANT.search, source.parts)) or owner(own, students) is not None


def find_others(places: Iterable[Path], sources: Iterable[SubmissionSource]) -> tuple[str, ...]:
    """Return the names of the files in the folders `places` that are none of the submissions `sources`.

    A student may have given such a file a name that tells nothing. Files of a system are left out.
    """
    taken = {file for source in sources for file in (source.path, *source.texts)}
    folders = [place for place in places if place.is_dir() and place not in taken]
    files = [file for folder in folders for file in folder.iterdir() if file.is_file() and file not in taken]
    return tuple(sorted(file.name for file in files if not strays.is_leftover(file.name)))


def find_unpacked(
    source: SubmissionSource, folder: Path, students: Sequence[Student] = (), lab: str = ""
) -> tuple[SubmissionSource, ...]:
    """Return the submissions in the zip `source`, which is unpacked to the empty `folder`.

    A tar is read in the same way. Raises InputError when it is neither, holds no submission, or too many zips
    lie in each other.
    """
    if source.nested >= ARCHIVE.nested:
        raise InputError(
            N_("more than {most} archives lie in each other"), place=str(source.path), most=ARCHIVE.nested
        )
    size, faults = unpacked.extract(source.path, folder, source.most)
    found = _contents(source.content, folder, students, lab)
    sources = list(found if source.content is Content.STUDENT else _with_texts(found, folder))
    rest = dict(faults)
    for number, one in enumerate(sources):
        own = {file: rest.pop(file) for file in [*rest] if file.is_relative_to(one.path)}
        named = (Problem(file.relative_to(one.path).as_posix(), fault) for file, fault in own.items())
        sources[number] = replace(one, problems=tuple(named))
    for file, fault in rest.items():
        lost = replace(_source(file, folder, packed=True), problems=(Problem(file.name, fault),))
        if _PACKED.search(file.name) or _is_handed_in(lost, students):
            sources.append(lost)
    if not sources:
        raise InputError(N_("the archive holds no submission"), place=str(source.path))
    most = min(BUNDLE.unpacked, (source.most - size) // len(sources))
    return tuple(
        replace(
            one,
            place="/".join([*source.parts, *(one.parts if one.path != folder else ())]),
            nested=source.nested + 1,
            most=most,
            whose=source.whose or one.whose,
            texts=source.texts or one.texts,
        )
        for one in sources
    )


def _contents(
    content: Content, folder: Path, students: Sequence[Student], lab: str
) -> Iterator[SubmissionSource]:
    if content is Content.STUDENT:
        yield _student(folder, folder)
    elif content is Content.CLASS:
        yield from _folders(folder, ClassNames(students), lab)
    else:
        several = list(_below(folder, folder, students))
        yield from several or _only(folder)


def _only(folder: Path) -> Iterator[SubmissionSource]:
    """Yield an unpacked folder as the work of one student: it has captures, and not several folders."""
    entries = _entries(folder)
    files = finding.files(folder)
    if len(entries) < 2 and any(map(finding.is_capture, files)):
        yield _source(folder, folder, packed=False)


def _with_texts(sources: Iterable[SubmissionSource], base: Path) -> Iterator[SubmissionSource]:
    """Yield the submissions of a folder with the online texts that Moodle put beside them.

    The text of a student who handed in no file is a submission itself.
    """
    texts = online_text.find(base)
    alone = dict(texts)
    for source in sources:
        number = participant(source)
        alone.pop(number, None)
        yield replace(source, texts=texts[number].files) if number in texts else source
    for text in alone.values():
        yield replace(_source(text.files[0], base, packed=False), texts=text.files, whose=text.entry.name)


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


def participant(source: SubmissionSource) -> str:
    """Return the number of Moodle's participant in whose folder of the download a submission is, or ""."""
    found = next(filter(None, map(_PARTICIPANT.search, source.parts)), None)
    return found[1] if found else ""


def owner(source: SubmissionSource, students: Sequence[Student]) -> Student | None:
    """Return the student whom the names of the submission and of the folders around it mean, if any.

    Moodle, the instructor or a student gave these names: those of Moodle come first. They count only if the
    submission does not name its student itself.
    """
    for part in source.parts:
        if (found := _PARTICIPANT.search(part)) and (
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
