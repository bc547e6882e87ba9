"""Read the folder that a student works in: their answers and their captures, as they lie there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.grading.submission import capture_names, finding, labels, page_answers, sheet, strays
from sharklab.grading.submission.capture_names import NameMatch
from sharklab.grading.submission.model import Answers, PlainHostState, Problem, Submission, WrittenAnswer
from sharklab.grading.submission.page_answers import AnswersInPages
from sharklab.lab.model import Plan
from sharklab.limits import BUNDLE, BundleLimits
from sharklab.message import DID_YOU_MEAN, N_, Message, nearest

CAPTURES, STATE = "captures", "state"
AFTER = "after_reboot"
"""The folder of the states after the reboot of an exam."""
CHANGES = "changes"
"""The folder of what changed on the hosts since the beginning of an exam."""
CAPTURE = re.compile(r"(?P<id>[A-Za-z0-9][A-Za-z0-9_.-]{0,99})\.pcap(?:ng)?")
HOST = re.compile(r"(?P<id>[A-Za-z0-9][A-Za-z0-9-]{0,62})\.json")
DIFF = re.compile(HOST.pattern.replace("json", "diff"))
JOURNAL = "journal"
"""The folder of the hosts' journals since the beginning of an exam."""
LOG = re.compile(HOST.pattern.replace("json", "log"))

_FOLDERS = frozenset({"captures", "capture"})


@dataclass(frozen=True)
class Work:
    """The work in a folder: captures by id, answers, and the refused parts of both."""

    captures: Mapping[str, Path] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    written: tuple[WrittenAnswer, ...] = ()


def read(folder: Path, plan: Plan, limits: BundleLimits = BUNDLE) -> Submission:
    """Return the work in `folder` as a submission for the seat of `plan`.

    Files in the folder of captures that are not taken, and answers that the lab does not ask for, are
    problems. Other files are left alone, because the folder may be a git repository; captures among them
    count where the lab takes them from anywhere (`finding`). So do answers in texts (`page_answers`). Raises
    InputError if there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            N_("the folder does not exist"),
            place=str(folder),
            hint=N_("make it with: sharklab form LAB --folder DIR"),
        )
    found = _as_it_is(folder, plan, limits)
    return Submission(
        lab=plan.lab.name,
        student=plan.seat.student,
        seat=plan.seat.id,
        folder=folder,
        captures=found.captures,
        answers=found.answers,
        problems=(*found.problems, *_unknown_answers(found, plan)),
        written=found.written,
    )


def _as_it_is(folder: Path, plan: Plan, limits: BundleLimits) -> Work:
    """Return the work in `folder`; a lab that takes captures from anywhere finds them in any folder there.

    In other labs they lie in the folder of captures, there or beside the answers, or in an archive that was
    unpacked.
    """
    own = finding.answer_sheet(folder, plan)
    if not any(exercise.anywhere for exercise in plan.lab.exercises):
        return gather(own, limits, list_captures(plan), folder)
    found = gather(own, limits, list_captures(plan))
    said = page_answers.find(folder, plan, found.answers)
    names = dict.fromkeys([*found.answers, *said.answers])
    answers = {name: {**found.answers.get(name, {}), **said.answers.get(name, {})} for name in names}
    more = finding.find(folder, plan, answers, found.captures, captures_folder(own))
    named = {own / problem.file for problem in found.problems}
    unused = tuple(each for each in more.unused if folder / each.file not in named)
    taken = {place for file in more.captures.values() for place in (file, *file.parents)}
    taken.discard(captures_folder(own))  # what is said of the whole folder stays true
    refused = (each for each in found.problems if own / each.file not in taken)
    unread = (each for each in refused if not _is_mended(each, said))
    problems = (*unread, *said.problems, *unused)
    return Work({**found.captures, **more.captures}, answers, problems, said.places)


def _is_mended(problem: Problem, said: AnswersInPages) -> bool:
    """Tell whether the answer in a refused line of the form was read in another way."""
    values = problem.reason.values
    lines = {each.line for each in said.places if sheet.is_sheet(Path(each.file).name)}
    of_form = problem.file == sheet.NAME
    return of_form and bool(lines) and (values.get("line") in lines or values.get("exercise") in said.answers)


def list_captures(plan: Plan) -> list[str]:
    """Return the captures that the lab asks for, by id."""
    return [capture.id for exercise in plan.lab.exercises for capture in exercise.captures]


def captures_folder(folder: Path) -> Path:
    """Return the folder of captures in `folder`, which may be spelled Captures or capture."""
    exact = folder / CAPTURES
    if exact.exists() or exact.is_symlink() or not folder.is_dir():
        return exact
    near = (file for file in folder.iterdir() if file.name.casefold() in _FOLDERS)
    return min(near, default=exact)


def _archives(folder: Path) -> list[Path]:
    """Return the folders of unpacked archives, in `folder` and in its folder of captures."""
    places = dict.fromkeys((folder, captures_folder(folder)))
    entries = (entry for place in places if place.is_dir() for entry in sorted(place.iterdir()))
    return [entry for entry in entries if _is_unpacked(entry)]


def _is_unpacked(entry: Path) -> bool:
    """Tell whether a folder has the name of an archive: its content was unpacked there (`unpacked`)."""
    return strays.is_archive(entry.name) and entry.is_dir() and not entry.is_symlink()


def gather(
    folder: Path,
    limits: BundleLimits = BUNDLE,
    known: Sequence[str] | None = None,
    whole: Path | None = None,
) -> Work:
    """Return the work in `folder`: its captures among the `known` ones, in any lab those of plain names.

    They lie in its folder of captures, in that of the `whole` folder, or in an archive that was unpacked in
    the `whole` folder.
    """
    captures, refused = _captures(folder, limits, known, whole)
    answers, faults = _answers(folder, limits)
    return Work(captures, answers, (*faults, *refused))


def states(
    folder: Path, name: str = STATE, limits: BundleLimits = BUNDLE
) -> tuple[Mapping[str, PlainHostState], tuple[Problem, ...]]:
    """Return the recorded state of each host in the folder `name` of `folder`, and the refused parts."""
    by_host: dict[str, PlainHostState] = {}
    problems: list[Problem] = []
    for file_name, file in _files(folder / name, limits):
        match = HOST.fullmatch(file_name)
        if not match:
            continue
        try:
            content = untrusted.plain(untrusted.read(file, limits.state), limits.depth)
            if not isinstance(content, dict):
                raise ValueError("no object")
            by_host[match["id"]] = content
        except InputError as error:
            problems.append(Problem(f"{name}/{file_name}", error.sentence))
        except ValueError as error:
            reason = Message(N_("the file is damaged: {fault}"), {"fault": str(error)[:200]})
            problems.append(Problem(f"{name}/{file_name}", reason))
    return by_host, tuple(problems)


def texts(folder: Path, name: str, limits: BundleLimits = BUNDLE) -> Mapping[str, str]:
    """Return the text of each host in the folder `name` of `folder`: of an exam `CHANGES` or `JOURNAL`.

    A file that cannot be read, or has another name, is left out, because these texts earn no points.
    """
    by_host = {}
    for file_name, file in _files(folder / name, limits):
        if (match := DIFF.fullmatch(file_name) or LOG.fullmatch(file_name)) and not _too_odd(file, limits):
            by_host[match["id"]] = untrusted.read(file, limits.state).decode(errors="replace")
    return by_host


def _too_odd(file: Path, limits: BundleLimits) -> bool:
    try:
        untrusted.check(file, limits.state)
    except InputError:
        return True
    return False


@dataclass(frozen=True)
class _Claim:
    """A file whose name means the capture `id`; `distance` as in `NameMatch`."""

    id: str
    distance: int
    file: Path


def _captures(
    folder: Path, limits: BundleLimits, known: Sequence[str] | None, whole: Path | None
) -> tuple[Mapping[str, Path], tuple[Problem, ...]]:
    """Return the file of each capture, and the problem of each file that is not taken."""
    places = dict.fromkeys(map(captures_folder, (folder, whole or folder)))
    claims: dict[str, list[_Claim]] = {}
    reasons: dict[Path, Message] = {}
    for file in _candidates(folder, places, _archives(whole) if whole else (), limits):
        found = None if strays.is_leftover(file.name) else _claim(file.name, file, limits, known)
        if isinstance(found, _Claim):
            claims.setdefault(found.id, []).append(found)
        elif found:
            reasons[file] = found
    captures: dict[str, Path] = {}
    for id in sorted(claims):
        first, beaten = _decide(claims[id])
        captures |= {id: first.file} if first else {}
        reasons |= beaten
    problems = (Problem(_place(folder, file), reasons[file]) for file in sorted(reasons))
    return captures, (*(each for place in places for each in _odd(place, limits)), *problems)


def _candidates(
    folder: Path, places: Collection[Path], archives: Iterable[Path], limits: BundleLimits
) -> Iterator[Path]:
    """Yield each file that may be a capture once: those of `places`, then those of the archives.

    The answers, the folder that has them and one of the `places` may lie in another one: no captures either.
    """
    every = [file for place in places for _, file in _files(place, limits) if not _is_unpacked(file)]
    every += (file for archive in archives for file in filter(_is_meant, finding.files(archive)))
    others = {folder, *folder.parents, *sheet.find(folder), *places}
    yield from (file for file in dict.fromkeys(every) if file not in others)


def _is_meant(file: Path) -> bool:
    """Tell whether a file of an archive is a capture, or has the ending of one; the rest is left alone."""
    return capture_names.has_ending(file.name) or finding.is_capture(file)


def _place(folder: Path, file: Path) -> str:
    """Return where a file lies in the student's folder; an archive may lie above the folder of answers."""
    near = file.is_relative_to(folder)
    return file.relative_to(folder).as_posix() if near else f"{file.parent.name}/{file.name}"


def _claim(name: str, file: Path, limits: BundleLimits, known: Sequence[str] | None) -> _Claim | Message:
    """Return the capture that the name of a file means, or why the file is none of the lab's."""
    if file.is_dir() and not file.is_symlink():
        return Message(N_("it is a folder: put its captures into {folder}/"), {"folder": CAPTURES})
    if refusal := _refusal(file, limits):
        return refusal
    found = _match(name, known)
    return _Claim(found.id, found.distance, file) if found else strays.fault(file) or _unknown(name, known)


def _decide(claims: Sequence[_Claim]) -> tuple[_Claim | None, Mapping[Path, Message]]:
    """Return the file that is taken among those for one capture, and why each of the others is not.

    A capture comes before a file that is none, then the nearest name, then the first in the alphabet. A file
    that is no capture is taken only under the capture's own name.
    """
    if len(claims) == 1 and claims[0].distance <= 1:
        return claims[0], {}
    faults = {claim: strays.fault(claim.file) for claim in claims}
    left = [claim for claim in claims if claim.distance <= 1 or not faults[claim]]
    left.sort(key=lambda claim: (bool(faults[claim]), claim.distance, claim.file.name))
    reasons = {claim.file: faults[claim] for claim in claims if claim not in left}
    reasons |= {claim.file: _beaten(claim, left[0], faults[claim]) for claim in left[1:]}
    return left[0] if left else None, reasons


def _match(name: str, known: Sequence[str] | None) -> NameMatch | None:
    if known is not None:
        return capture_names.match(name, known)
    found = CAPTURE.fullmatch(name)
    return NameMatch(found["id"], 0) if found else None


def _unknown(name: str, known: Sequence[str] | None) -> Message:
    """Return the sentence for a capture that is none of the `known` ones."""
    if known is None:
        return Message(N_("a submission has no file of this name"))
    return _no_such(N_("the lab does not ask for this capture"), "-".join(capture_names.words(name)), known)


def _beaten(claim: _Claim, first: _Claim, fault: Message) -> Message:
    """Return why `first` is taken for a capture, and not `claim`, which has the `fault`."""
    values = {"first": first.file.name, "id": claim.id, "fault": fault}
    if fault:
        return Message(N_("{first} is taken for {id}, and this file cannot be read: {fault}"), values)
    if claim.distance != first.distance:
        return Message(N_("{first} is taken for {id}: its name is nearer. Keep one of the two"), values)
    return Message(
        N_("{first} is taken for {id}: it is the first in the alphabet. Keep one of the two"), values
    )


def _odd(folder: Path, limits: BundleLimits) -> Iterator[Problem]:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        yield Problem(folder.name, Message(N_("it is not a folder")))
    elif _is_full(folder, limits):
        yield Problem(folder.name, Message(N_("it has more than {most} files"), {"most": limits.entries}))


def _is_full(folder: Path, limits: BundleLimits) -> bool:
    return folder.is_dir() and any(islice(folder.iterdir(), limits.entries, None))


def _files(folder: Path, limits: BundleLimits) -> list[tuple[str, Path]]:
    """Return the files of `folder` by name, sorted; none when there are more than a submission may have."""
    if folder.is_symlink() or not folder.is_dir() or _is_full(folder, limits):
        return []
    return sorted((file.name, file) for file in folder.iterdir())


def _refusal(file: Path, limits: BundleLimits) -> Message | None:
    try:
        untrusted.check(file, limits.capture)
    except InputError as error:
        return error.sentence
    return None


def _answers(folder: Path, limits: BundleLimits) -> tuple[Answers, tuple[Problem, ...]]:
    files = sheet.find(folder)
    if not files:
        return {}, ()
    first = Message(N_("{first} is read instead: keep one of the two"), {"first": files[0].name})
    others = [Problem(file.name, first) for file in files[1:]]
    try:
        answers, problems = sheet.read(untrusted.read(files[0], limits.answers), limits)
    except InputError as error:
        return {}, (Problem(files[0].name, error.sentence), *others)
    return answers, (*problems, *others)


def _unknown_answers(found: Work, plan: Plan) -> Iterator[Problem]:
    """Yield a problem for each name of the form that the lab does not have, unless its answers were read."""
    read = {(each.exercise, each.question) for each in found.written}
    answers = found.answers
    exercises = {exercise.id: exercise for exercise in plan.lab.exercises if exercise.questions}
    for name, given in answers.items():
        if name not in exercises:
            if not any(labels.words(name) == labels.words(id) for id, _ in read):
                reason = _no_such(N_("the lab has no exercise of this name with questions"), name, exercises)
                yield Problem(f"{sheet.NAME} {untrusted.name(name, 40)}", reason)
            continue
        asked = exercises[name].questions
        unknown = [question for question in given if question not in asked]
        for question in unknown if not {(name, each) for each in asked if each in given} & read else ():
            reason = _no_such(N_("the exercise does not ask this question"), question, asked)
            yield Problem(f"{sheet.NAME} {name}.{untrusted.name(question, 40)}", reason)


def _no_such(reason: str, name: str, known: Iterable[str]) -> Message:
    near = nearest(name, known)
    if not near:
        return Message(reason)
    meant = Message(DID_YOU_MEAN, {"near": near})
    return Message("{reason}; {meant}", {"reason": Message(reason), "meant": meant})
