"""Keep the answers from a student who has not found them yet: a key is the right answer to a question."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from sharklab.checks.outcome import Status
from sharklab.grading.marking.model import ExerciseResult, Mark, Result
from sharklab.message import N_, NOTHING, Message


def without_keys(result: Result, hints: Collection[str] = ()) -> Result:
    """Return `result` without what gives an answer away, and without what is for the instructor alone.

    Of the author's hints those of `hints` (exercise/criterion) stay: a course may make others cost points.
    """
    exercises = tuple(
        replace(exercise, marks=tuple(_without_hints(exercise, hints))) for exercise in result.exercises
    )
    return replace(result, exercises=exercises, remarks=())


def _without_hints(exercise: ExerciseResult, hints: Collection[str]) -> Iterator[Mark]:
    for mark in _without_keys(exercise.marks):
        yield mark if f"{exercise.id}/{mark.criterion}" in hints else replace(mark, hint=NOTHING)


def _without_keys(marks: tuple[Mark, ...]) -> Iterator[Mark]:
    """Yield the marks of an exercise; a finding is kept when no missing answer is in it."""
    asked = [mark for mark in marks if mark.decision.asks and mark.status is not Status.PASSED]
    keys = [str(mark.decision.expected) for mark in asked if mark.decision.expected]
    for mark in marks:
        if mark in asked:
            found = mark.decision.discreet or mark.decision.found
            yield replace(mark, decision=replace(mark.decision, found=found, expected=NOTHING, evidence=()))
        elif any(_names(mark.decision.found, key) for key in keys):
            found = Message(N_("Answer the questions first; the details then appear here."))
            yield replace(mark, decision=replace(mark.decision, found=found))
        else:
            yield mark


def _names(found: Message, key: str) -> bool:
    """Tell whether a sentence holds a key, as a word or a number of its own."""
    return re.search(rf"(?<!\w){re.escape(key)}(?!\w)", str(found), re.IGNORECASE) is not None
