"""Say what is in a submission that is about to be handed in, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.evidence.packets import container
from sharklab.grading.submission import capture_names, manifest, parts, strays, work
from sharklab.grading.submission.model import Problem, Submission
from sharklab.i18n import Translator
from sharklab.lab.model import Plan
from sharklab.message import N_, Message
from sharklab.untrusted import visible

DIGITS = 8
"""Digits of a file's SHA-256 that a student writes down."""
_SHOWN = 80
"""Characters of an answer that are said again."""
NONE = Message(N_("none"))


def lines(plan: Plan, submission: Submission, file: Path, words: Translator) -> Iterator[str]:
    """Yield the content of the packed `file` of `submission`, its missing parts, and the refused ones."""
    for text in summary(plan, submission):
        yield words.say(text)
    for message in list_taken(submission):
        yield visible(words.say(message))
    for problem in (*submission.problems, *_unreadable(submission)):
        yield visible(f"! {problem.file}: {words.say(problem.reason)}")
    digits = manifest.digest(file.read_bytes())[:DIGITS]
    receipt = N_("Write down these digits, which prove which file you handed in: {digits}")
    yield words.say(Message(receipt, {"digits": digits}))
    size = untrusted.size(file.stat().st_size)
    hand_in = N_("Give this file to your instructor: {file} ({size})")
    yield words.say(Message(hand_in, {"file": str(file), "size": size}))


def summary(plan: Plan, submission: Submission) -> Iterator[Message]:
    """Yield the captures, the answers and the hosts that are in a submission, and the missing captures."""
    given, asked = _count_answers(plan, submission)
    missing = list_missing(plan, submission)
    yield Message(N_("Captures: {names}"), {"names": _names(submission) or NONE})
    if missing:
        yield Message(N_("Missing captures: {names}"), {"names": missing})
    yield Message(N_("Answers: {count} of {all}"), {"count": given, "all": asked})
    yield Message(N_("State of hosts: {names}"), {"names": sorted(submission.state) or NONE})
    yield from _of_exam(submission)


def _of_exam(submission: Submission) -> Iterator[Message]:
    """Yield the hosts whose state after the reboot is in the submission, and those that are lost."""
    if submission.after is not None:
        yield Message(N_("State after the reboot: {names}"), {"names": sorted(submission.after) or NONE})
        silent = submission.state.keys() - submission.after.keys()
        there = {host for host in silent if manifest.came_back(submission.manifest, host)}
        if lost := sorted(silent - there):
            yield Message(N_("These hosts did not come back after the reboot: {names}"), {"names": lost})
        if there:
            text = N_(
                "These hosts came back after the reboot, but their state could not be recorded: {names}"
            )
            yield Message(text, {"names": sorted(there)})


def plain(plan: Plan, submission: Submission) -> dict[str, Any]:
    """Return the same for a script."""
    given, asked = _count_answers(plan, submission)
    return {
        "captures": _names(submission),
        "missing": list_missing(plan, submission),
        "answers": {"given": given, "asked": asked},
        "hosts": sorted(submission.state),
        "rebooted": sorted(submission.after or ()),
        "problems": [
            {"file": problem.file, "reason": str(problem.reason)}
            for problem in (*submission.problems, *_unreadable(submission))
        ],
    }


def _names(submission: Submission) -> list[str]:
    """Return the captures that have a file, one of them or several."""
    return sorted(name for name in submission.captures if not parts.is_part(name))


def list_missing(plan: Plan, submission: Submission) -> list[str]:
    """Return the captures that the lab asks for and that are not there, in the lab's order."""
    return [id for id in work.list_captures(plan) if id not in submission.captures]


def list_taken(submission: Submission) -> Iterator[Message]:
    """Yield a sentence for each capture and each answer that is not where the form asks for it."""
    for id, file in submission.captures.items():
        if parts.is_part(id):
            values = {"file": _place(submission, file), "id": id.partition(".")[0]}
            yield Message(N_("{file} is one more file for the capture {id}"), values)
        elif _is_elsewhere(submission, id, file):
            values = {"file": _place(submission, file), "id": id}
            yield Message(N_("{file} is taken for the capture {id}"), values)
    for place in submission.written:
        given = untrusted.clip(str(submission.answers[place.exercise][place.question]), _SHOWN)
        text = N_("{file}, line {line}: {given} is taken for the answer to {question} of {exercise}")
        yield Message(text, {**asdict(place), "given": given})


def _is_elsewhere(submission: Submission, id: str, file: Path) -> bool:
    """Tell whether a capture has not its own name, or lies in an archive."""
    is_named = file.name in {f"{id}{ending}" for ending in capture_names.ENDINGS}
    return not is_named or any(map(strays.is_archive, Path(_place(submission, file)).parts[:-1]))


def _place(submission: Submission, file: Path) -> str:
    """Return where a capture lies in the student's folder, in which it may be anywhere."""
    if file.is_relative_to(submission.folder):
        return file.relative_to(submission.folder).as_posix()
    return f"{file.parent.name}/{file.name}"


def _count_answers(plan: Plan, submission: Submission) -> tuple[int, int]:
    """Return how many of the lab's questions have an answer, and how many there are."""
    asked = [(exercise.id, question) for exercise in plan.lab.exercises for question in exercise.questions]
    return sum(question in submission.answers.get(id, {}) for id, question in asked), len(asked)


def _unreadable(submission: Submission) -> Iterator[Problem]:
    """Yield the captures that nobody will be able to read; they are handed in all the same."""
    for file in submission.captures.values():
        try:
            found = container.open_capture(file)
        except InputError as error:
            yield Problem(f"{file.parent.name}/{file.name}", error.sentence)
        else:
            if found.stump:
                reason = Message(found.stump.sentence, found.stump.values)
                yield Problem(f"{file.parent.name}/{file.name}", reason)
