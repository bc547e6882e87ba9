"""Find the submissions in the files and folders that the instructor names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sharklab.errors import InputError
from sharklab.grading.gradebook import online_text
from sharklab.grading.gradebook.named import ClassNames
from sharklab.grading.gradebook.submission_source import (
    IN_MOODLE,
    Content,
    SubmissionSource,
    owner,
    participant,
)
from sharklab.grading.submission import (
    bundle,
    finding,
    manifest,
    sheet,
    strays,
    tarball,
    unpacked,
    work,
)
from sharklab.grading.submission.model import Problem
from sharklab.lab.roster import Student
from sharklab.limits import ARCHIVE, BUNDLE
from sharklab.message import N_

_PACKED = re.compile(r"\.(?:sharklab|zip|rar|7z|tar|tgz|tar\.[gx]z)(?:\W.*)?$", re.IGNORECASE)
"""The endings of packed files, also of formats that are not read, with the additions of browsers."""


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
    named = IN_MOODLE.search(folder.name) or owner(replace(source, place=folder.name), students)
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
    return any(map(IN_MOODLE.search, source.parts)) or owner(own, students) is not None


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
