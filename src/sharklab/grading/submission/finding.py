"""Find captures by their content anywhere in a student's folder, and match them to the captures of a lab.

A student without a seat hands in a folder or a git checkout as it is: captures of several labs, in any
folder, under any name. The name of a file tells which capture it is; for one whose name tells nothing, its
packets do, when the student's answers declare a conversation that it holds.
"""

from __future__ import annotations

import filecmp
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.evidence.packets import compression, container
from sharklab.grading.submission import capture_names, packet_match, parts, sheet, strays
from sharklab.grading.submission.model import Answers, Problem
from sharklab.lab.model import Plan
from sharklab.limits import BUNDLE
from sharklab.message import N_, NN_, Message

FILES, DEEPEST = 20_000, 16
"""The most files of a folder that are looked at, and the most folders that lie in each other."""
_READ = 40
"""Captures without a telling name that are read."""
_NAMED = 20
"""Captures that are not used and are named; of others their number is told."""
EARLIER = "earlier"
"""The folder beside captures/ for the files whose place a newer one took; they are not handed in."""
_NUMBER_SIGNS = frozenset({"n", "no", "num", "numero"})
_SKIPPED = frozenset({"__macosx", EARLIER, "node_modules", "venv"})
OWN, ANY, OTHER = 0, 1, 2
"""The place of a file: in a folder of the lab, in one that names no lab, in one of another lab."""


T = TypeVar("T")


@dataclass(frozen=True)
class ChosenFiles:
    """The captures that were found for a lab, by id, and those that are not used, with the reason.

    Further files of a capture have the names of `parts`.
    """

    captures: Mapping[str, Path] = field(default_factory=dict)
    unused: tuple[Problem, ...] = ()


def files(folder: Path) -> Iterator[Path]:
    """Yield the files below `folder`, in the order of their names: without links and hidden folders."""
    count = 0
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(filter(_is_open, folders)) if depth < DEEPEST else []
        for name in sorted(names):
            count += 1
            if count > FILES:
                return
            yield Path(place) / name


def _is_open(name: str) -> bool:
    return not name.startswith((".", "~")) and name.casefold() not in _SKIPPED


def is_capture(file: Path) -> bool:
    """Tell by its first bytes whether a file is a capture, compressed or not; its name does not count."""
    try:
        with untrusted.stream(file, BUNDLE.capture) as content:
            head = content.read(16)
    except InputError:
        return False
    name = file.name.casefold()
    packed = bool(compression.method(head))
    return container.is_capture(head) and ".annotated." not in name and (not packed or "cap" in name)


def nearness(parts: Sequence[str], lab: str) -> int:
    """Return OWN if the names on the way to a file name the lab, OTHER for one of the same series (tp5)."""
    wanted = _of_place(lab)
    numbered = len(wanted) > 1 and wanted[-1].isdigit()
    others = False
    for part in parts:
        words = _of_place(part)
        for start in range(len(words) - len(wanted) + 1):
            own = words[start : start + len(wanted)]
            if own == wanted:
                return OWN
            others |= numbered and own[:-1] == wanted[:-1] and own[-1].isdigit()
    return OTHER if others else ANY


def _of_place(name: str) -> tuple[str, ...]:
    """Return the words of a folder's name: TP n°4 and TP04 are TP 4."""
    words = (word for word in capture_names.words(name) if word not in _NUMBER_SIGNS)
    return tuple(str(int(word)) if word.isascii() and word.isdigit() else word for word in words)


def own_folders(folder: Path, files: Iterable[Path], lab: str) -> list[str]:
    """Return the folders below `folder` that name the lab and have some of the files, sorted."""
    own = set()
    for file in files:
        parts = file.relative_to(folder).parts[:-1] if file.is_relative_to(folder) else ()
        named = [at for at, part in enumerate(parts, 1) if nearness((part,), lab) is OWN]
        own |= {untrusted.one_line("/".join(parts[: named[0]]))} if named else set()
    return sorted(own)


def answer_sheet(folder: Path, plan: Plan) -> Path:
    """Return the folder of the answers: `folder`, or the one below it that names the lab."""
    if sheet.find(folder):
        return folder
    places = sorted({file.parent for file in files(folder) if sheet.is_sheet(file.name)})
    near = [(nearness(place.relative_to(folder).parts, plan.lab.name), place) for place in places]
    return min((each for each in near if each[0] is not OTHER), default=(ANY, folder))[1]


def find(folder: Path, plan: Plan, answers: Answers, taken: Mapping[str, Path], own: Path) -> ChosenFiles:
    """Return a capture for each one of the lab that `taken` lacks, among all files below `folder`.

    Files beyond the first of a capture that counts on any machine are returned as well. `own` is the form's
    folder of captures: which of its files are none is known. Raises MachineryError when tshark is missing or
    broken.
    """
    wanted = [capture for exercise in plan.lab.exercises for capture in exercise.captures]
    names = {name: capture.id for capture in wanted for name in (*capture.names, capture.id)}
    lacking = [capture.id for capture in wanted if capture.id not in taken]
    every = _without(files(folder), taken.values())
    by_place = {file: nearness(file.relative_to(folder).parts, plan.lab.name) for file in every}
    left = list(filter(is_capture, every))
    near = _of_lab(left, by_place)
    claims = _claims(near, names)
    first = {**taken, **_by_name(claims, by_place, lacking)}
    further = _further(folder, plan, claims, first)
    used = {*first.values(), *chain.from_iterable(further.values())}
    rest = _without(near, used)
    shown, more = packet_match.find(rest[:_READ], plan.lab.exercises, answers, first)
    first |= shown
    further_parts, copies = _parts(first, further, more)
    captures = {**{id: file for id, file in first.items() if id not in taken}, **further_parts}
    unused = _find_unused(folder, _without(left, captures.values()), by_place, copies)
    others = [file for file in _without(_of_lab(every, by_place), left) if file.parent != own]
    damaged, strange = _name_others(folder, others, names, _without(lacking, first), any(answers.values()))
    return ChosenFiles({**captures, **damaged}, (*unused, *strange))


def _without(every: Iterable[T], left_out: Collection[T]) -> list[T]:
    """Return the elements of `every` that `left_out` does not have, in their order."""
    return [each for each in every if each not in left_out]


def _of_lab(every: Sequence[Path], by_place: Mapping[Path, int]) -> list[Path]:
    """Return the files that lie in no folder of another lab."""
    return [file for file in every if by_place[file] is not OTHER]


def _parts(
    first: Mapping[str, Path], further: Mapping[str, Sequence[Path]], more: Mapping[str, Sequence[Path]]
) -> tuple[dict[str, Path], dict[Path, Path]]:
    """Return the further files of captures by the names of parts, and each copy with its original."""
    copies: dict[Path, Path] = {}
    numbered: dict[str, Path] = {}
    for id in {**further, **more}:
        others = _without_copies(first[id], [*further.get(id, ()), *more.get(id, ())], copies)
        numbered.update(parts.number_files(id, others))
    return numbered, copies


def _name_others(
    folder: Path, others: Sequence[Path], names: Mapping[str, str], lacking: Sequence[str], is_answered: bool
) -> tuple[Mapping[str, Path], Iterator[Problem]]:
    """Return the damaged files of lacking captures, and a problem for each file of another kind."""
    given = [file for file in others if not strays.is_leftover(file.name)]
    damaged = strays.find_damaged(given, names, lacking)
    left = (file for file in given if file not in damaged.values())
    said = strays.name_strays(left, names, lacking, is_answered)
    return damaged, (_problem(folder, file, reason) for file, reason in islice(said, _NAMED))


def _problem(folder: Path, file: Path, reason: Message) -> Problem:
    return Problem(untrusted.one_line(file.relative_to(folder).as_posix()), reason)


class _Claim(NamedTuple):
    """A file whose name means the capture `id`; `distance` as in `NameMatch`."""

    distance: int
    file: Path
    id: str


def _claims(near: Sequence[Path], names: Mapping[str, str]) -> list[_Claim]:
    """Return the files whose names mean a capture, the nearest name first."""
    matches = ((file, capture_names.match(file.name, names)) for file in near)
    return sorted(_Claim(match.distance, file, names[match.id]) for file, match in matches if match)


def _by_name(
    claims: Sequence[_Claim], by_place: Mapping[Path, int], lacking: Collection[str]
) -> dict[str, Path]:
    """Return the file whose name means each lacking capture: in the lab's folder first, then the nearest."""
    files_by_id: dict[str, Path] = {}
    for claim in sorted(claims, key=lambda claim: by_place[claim.file]):
        if claim.id in lacking:
            files_by_id.setdefault(claim.id, claim.file)
    return files_by_id


def _further(
    folder: Path, plan: Plan, claims: Sequence[_Claim], first: Mapping[str, Path]
) -> Mapping[str, list[Path]]:
    """Return for each capture that has a file, and that counts on any machine, the others of its name.

    They lie in a folder of the same kind as the first.
    """
    ids = [each.id for exercise in plan.lab.exercises if exercise.anywhere for each in exercise.captures]
    place = {id: nearness(first[id].relative_to(folder).parts, plan.lab.name) for id in ids if id in first}
    files_by_id: dict[str, list[Path]] = {}
    for _, file, id in claims:
        own = nearness(file.relative_to(folder).parts, plan.lab.name)
        if file not in first.values() and place.get(id) == own:
            files_by_id.setdefault(id, []).append(file)
    return files_by_id


def _without_copies(first: Path, files: Iterable[Path], copies: dict[Path, Path]) -> list[Path]:
    """Return the files that have another content than `first` and each other; `copies` gets the others."""
    kept = [first]
    for file in files:
        same = next((each for each in kept if filecmp.cmp(each, file, shallow=False)), None)
        if same:
            copies[file] = same
        else:
            kept.append(file)
    return kept[1:]


def _find_unused(
    folder: Path, unused: list[Path], by_place: Mapping[Path, int], copies: Mapping[Path, Path]
) -> Iterator[Problem]:
    """Yield a problem for each capture that is not used; those of other labs are counted."""
    own = [file for file in unused if by_place[file] is not OTHER]
    for file in own[:_NAMED]:
        reason = Message(N_("the capture is not used: its name and its packets fit no open exercise"))
        if file in copies:
            first = untrusted.one_line(copies[file].relative_to(folder).as_posix())
            reason = Message(N_("the file is a copy of {first}"), {"first": first})
        yield _problem(folder, file, reason)
    for text, count in (
        (NN_("{count} more capture is not used", "{count} more captures are not used"), len(own[_NAMED:])),
        (
            NN_("{count} capture of another lab is not used", "{count} captures of other labs are not used"),
            len(unused) - len(own),
        ),
    ):
        if count:
            yield Problem(folder.name, Message(text, {"count": count}))
