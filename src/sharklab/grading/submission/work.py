"""Read the folder that a student works in: their answers and their captures, as they lie there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.grading.submission import sheet
from sharklab.grading.submission.model import Answers, HostState, Problem, Submission
from sharklab.lab.model import Plan
from sharklab.limits import BUNDLE, BundleLimits
from sharklab.message import DID_YOU_MEAN, N_, Message, nearest

CAPTURES, STATE = "captures", "state"
CAPTURE = re.compile(r"(?P<id>[A-Za-z0-9][A-Za-z0-9_.-]{0,99})\.pcap(?:ng)?")
HOST = re.compile(r"(?P<id>[A-Za-z0-9][A-Za-z0-9-]{0,62})\.json")


@dataclass(frozen=True)
class Work:
    """The work in a folder: captures by id, answers, and the refused parts of both."""

    captures: Mapping[str, Path] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read(folder: Path, plan: Plan, limits: BundleLimits = BUNDLE) -> Submission:
    """Return the work in `folder` as a submission for the seat of `plan`.

    Captures and answers that the lab does not ask for are problems. Other files are left alone, because the
    folder may be a git repository. Raises InputError if there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            N_("the folder does not exist"),
            place=str(folder),
            hint=N_("make it with: sharklab form LAB -o DIR"),
        )
    found = gather(folder, limits)
    known = asked(plan)
    strangers = (*_unknown_captures(found.captures, known), *_unknown_answers(found.answers, plan))
    return Submission(
        lab=plan.lab.name,
        student=plan.seat.student,
        seat=plan.seat.id,
        folder=folder,
        captures={id: file for id, file in found.captures.items() if id in known},
        answers=found.answers,
        problems=(*found.problems, *strangers),
    )


def asked(plan: Plan) -> list[str]:
    """Return the captures that the lab asks for, by id."""
    return [capture.id for exercise in plan.lab.exercises for capture in exercise.captures]


def gather(folder: Path, limits: BundleLimits = BUNDLE) -> Work:
    """Return the work in `folder`, for any lab."""
    captures, refused = _captures(folder, limits)
    answers, faults = _answers(folder, limits)
    return Work(captures, answers, (*faults, *refused))


def states(
    folder: Path, limits: BundleLimits = BUNDLE
) -> tuple[Mapping[str, HostState], tuple[Problem, ...]]:
    """Return the recorded state of each host below `folder`, and the refused parts."""
    found: dict[str, HostState] = {}
    problems: list[Problem] = []
    for name, file in _files(folder / STATE, limits):
        match = HOST.fullmatch(name)
        if not match:
            continue
        try:
            content = untrusted.plain(untrusted.read(file, limits.state), limits.depth)
            if not isinstance(content, dict):
                raise ValueError("no object")
            found[match["id"]] = content
        except InputError as error:
            problems.append(Problem(f"{STATE}/{name}", error.sentence))
        except ValueError as error:
            reason = Message(N_("the file is damaged: {fault}"), {"fault": str(error)[:200]})
            problems.append(Problem(f"{STATE}/{name}", reason))
    return found, tuple(problems)


def _captures(folder: Path, limits: BundleLimits) -> tuple[Mapping[str, Path], tuple[Problem, ...]]:
    captures: dict[str, Path] = {}
    problems = list(_odd(folder / CAPTURES, limits))
    for name, file in _files(folder / CAPTURES, limits):
        match = CAPTURE.fullmatch(name)
        if not match or ".annotated." in name:  # a copy that a report made
            continue
        reason = _refusal(file, limits)
        if not reason and match["id"] in captures:
            first = captures[match["id"]].name
            reason = Message(
                N_("{first} is a capture with the same id: keep one of the two"), {"first": first}
            )
        if reason:
            problems.append(Problem(f"{CAPTURES}/{name}", reason))
        else:
            captures[match["id"]] = file
    return captures, tuple(problems)


def _odd(folder: Path, limits: BundleLimits) -> Iterator[Problem]:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        yield Problem(folder.name, Message(N_("it is not a folder")))
    elif _is_full(folder, limits):
        yield Problem(folder.name, Message(N_("it has more than {count} files"), {"count": limits.entries}))


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
    file = folder / sheet.NAME
    if not (file.exists() or file.is_symlink()):
        return {}, ()
    try:
        return sheet.read(untrusted.read(file, limits.answers), limits)
    except InputError as error:
        return {}, (Problem(sheet.NAME, error.sentence),)


def _unknown_captures(captures: Mapping[str, Path], known: list[str]) -> Iterator[Problem]:
    for id, file in captures.items():
        if id not in known:
            yield Problem(
                f"{CAPTURES}/{file.name}", _no_such(N_("the lab does not ask for this capture"), id, known)
            )


def _unknown_answers(answers: Answers, plan: Plan) -> Iterator[Problem]:
    exercises = {exercise.id: exercise for exercise in plan.lab.exercises if exercise.questions}
    for name, given in answers.items():
        if name not in exercises:
            reason = _no_such(N_("the lab has no exercise of this name with questions"), name, exercises)
            yield Problem(f"{sheet.NAME} {untrusted.name(name, 40)}", reason)
            continue
        asked = exercises[name].questions
        for question in given:
            if question not in asked:
                reason = _no_such(N_("the exercise does not ask this question"), question, asked)
                yield Problem(f"{sheet.NAME} {name}.{untrusted.name(question, 40)}", reason)


def _no_such(reason: str, name: str, known: Iterable[str]) -> Message:
    near = nearest(name, known)
    if not near:
        return Message(reason)
    meant = Message(DID_YOU_MEAN, {"near": near})
    return Message("{reason}; {meant}", {"reason": Message(reason), "meant": meant})
