"""The advice for students before they hand in: the missing parts, and where to look."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterator, Mapping

from sharklab.checks.outcome import Status
from sharklab.grading.marking.decisions import TITLED
from sharklab.grading.marking.model import ExerciseResult, Mark, Result
from sharklab.grading.submission.model import Problem
from sharklab.i18n import Translator
from sharklab.message import N_, Message
from sharklab.report.speech import STATUS, Words
from sharklab.untrusted import visible

_WIDTH = 100
"""Columns of a line of advice."""
_COMMAND = re.compile("`[^`]*`")
_GLUE = "\0"
"""Stands for a space of a command while lines are broken; no text that is shown holds it."""


def lines(result: Result, words: Translator, offered: Collection[str] = ()) -> Iterator[str]:
    """Yield the advice on `result`, which must be without keys, line by line.

    It has the hints that were taken; those `offered` (exercise/criterion) are named, for a course may make
    them cost points. Where else to look is told at once.
    """
    for message in result.taken:
        yield visible(words.say(message))
    for exercise in result.exercises:
        yield from _exercise(exercise, words, offered)
    for problem in result.problems:
        yield said(problem, words)
    points = Words(words).number
    values = {"points": points(result.points), "worth": points(result.worth)}
    yield words.say(Message(N_("Sum: {points} of {worth}"), values))


def missing(result: Result) -> Mapping[str, tuple[Mark, ...]]:
    """Return the criteria of each exercise that an exam tells to be missing.

    These have no answer, or their check fails. Whether an answer is right is not told.
    """
    found = {
        exercise.id: tuple(mark for mark in exercise.marks if _is_missing(mark))
        for exercise in result.exercises
    }
    return {id: marks for id, marks in found.items() if marks}


def _is_missing(mark: Mark) -> bool:
    if mark.decision.asks:
        return not mark.decision.looked
    return mark.status is not Status.PASSED


def exam_lines(result: Result, words: Translator) -> Iterator[str]:
    """Yield the titles of the missing criteria in an exam, line by line."""
    lacking = missing(result)
    for exercise in result.exercises:
        yield f"{exercise.part:<5} {words.prose(exercise.title)}"
        for mark in lacking.get(exercise.id, ()):
            yield visible(f"    {STATUS[Status.FAILED][0]} {words.say(mark.title)}")
    for problem in result.problems:
        yield said(problem, words)
    if not lacking:
        yield words.gettext(N_("Nothing is missing."))
    yield words.gettext(N_("In an exam, nobody tells before its end whether an answer is right."))


def said(problem: Problem, words: Translator) -> str:
    """Return a sentence about a refused part of a folder, with the reason."""
    return visible(f"! {problem.file}: {words.say(problem.reason)}")


def hint_names(result: Result) -> tuple[str, ...]:
    """Return the criteria with a hint of the author's for the present situation, as exercise/criterion."""
    return tuple(
        f"{exercise.id}/{mark.criterion}"
        for exercise in result.exercises
        for mark in exercise.marks
        if mark.hint
    )


def _exercise(exercise: ExerciseResult, words: Translator, offered: Collection[str]) -> Iterator[str]:
    sign = STATUS[Status.PASSED if exercise.points == exercise.worth else Status.FAILED][0]
    points = _points(exercise, words)
    yield f"{sign} {exercise.part:<5} {words.prose(exercise.title)}  {points}"
    shown = set[str]()
    for mark in (mark for mark in exercise.marks if mark.status is not Status.PASSED):
        yield from _mark(mark, words)
        for advice in _advice(mark, f"{exercise.id}/{mark.criterion}", words, offered):
            if advice not in shown:  # where to look is often the same for several
                yield from _wrapped(advice)
                shown.add(advice)


def _mark(mark: Mark, words: Translator) -> Iterator[str]:
    found = Message(TITLED, {"title": mark.title, "found": mark.decision.found})
    yield visible(f"    {STATUS[mark.status][0]} {words.say(found)} ({_points(mark, words)})")
    for step in mark.steps:
        yield visible(f"        {STATUS[step.status][0]} {words.say(step.title)}")
    if mark.decision.expected:
        expected = Message(N_("expected: {expected}"), {"expected": mark.decision.expected})
        yield visible(f"      {words.say(expected)}")


def _advice(mark: Mark, name: str, words: Translator, offered: Collection[str]) -> Iterator[str]:
    if mark.advice:
        yield visible(words.say(mark.advice))
    if name in offered and not mark.hint:
        yield words.gettext(N_("there is a hint: --hint {name}")).format(name=name)


def _wrapped(text: str) -> list[str]:
    """Return lines that a terminal shows as they are, for hints are longer than one; commands stay whole."""
    kept = _COMMAND.sub(lambda match: match[0].replace(" ", _GLUE), text)
    lines = textwrap.wrap(
        kept,
        _WIDTH,
        initial_indent="      → ",
        subsequent_indent="        ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines]


def _points(earned: ExerciseResult | Mark, words: Translator) -> str:
    number = Words(words).number
    return f"{number(earned.points)}/{number(earned.worth)}"
