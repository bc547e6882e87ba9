"""The advice for students before they hand in: the missing parts, and where to look."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class MarkAdvice:
    """The advice on a criterion that is not achieved.

    `found` has its title; `steps` are signs and titles. `hint` is the name of a hint that is not taken yet.
    """

    sign: str
    found: str
    points: str
    steps: tuple[tuple[str, str], ...] = ()
    expected: str = ""
    look: str = ""
    hint: str = ""


@dataclass(frozen=True)
class ExerciseAdvice:
    """The advice on an exercise: its points, and each criterion that is not achieved."""

    id: str
    sign: str
    part: str
    title: str
    points: str
    marks: tuple[MarkAdvice, ...]


def of_exercises(
    result: Result, words: Translator, offered: Collection[str] = ()
) -> tuple[ExerciseAdvice, ...]:
    """Return the advice on each exercise of `result`, which must be without keys.

    It has the hints that were taken; those `offered` (exercise/criterion) are named, for a course may make
    them cost points. Where else to look is told at once.
    """
    return tuple(_exercise(exercise, words, offered) for exercise in result.exercises)


def sum_line(result: Result, words: Translator) -> str:
    """Return the sentence about the sum of the points."""
    points = Words(words).number
    values = {"points": points(result.points), "worth": points(result.worth)}
    return words.say(Message(N_("Sum: {points} of {worth}"), values))


def lines(result: Result, words: Translator, offered: Collection[str] = ()) -> Iterator[str]:
    """Yield the same advice for a terminal, line by line, then refused parts, deductions and the sum."""
    for exercise in of_exercises(result, words, offered):
        yield f"{exercise.sign} {exercise.part:<5} {exercise.title}  {exercise.points}"
        for mark in exercise.marks:
            yield from _mark_lines(mark, words)
    for problem in result.problems:
        yield describe_problem(problem, words)
    for adjustment in result.adjustments:
        yield visible(f"  {words.say(adjustment.reason)}  {Words(words).number(adjustment.points)}")
    yield sum_line(result, words)


def list_missing(result: Result) -> Mapping[str, tuple[Mark, ...]]:
    """Return the criteria of each exercise that an exam tells to be missing.

    These have no answer, or their check fails. Whether an answer is right is not told.
    """
    by_exercise = {
        exercise.id: tuple(mark for mark in exercise.marks if _is_missing(mark))
        for exercise in result.exercises
    }
    return {id: marks for id, marks in by_exercise.items() if marks}


def _is_missing(mark: Mark) -> bool:
    if mark.decision.asks:
        return not mark.decision.looked
    return mark.status is not Status.PASSED


def exam_lines(result: Result, words: Translator) -> Iterator[str]:
    """Yield the titles of the missing criteria in an exam, line by line."""
    lacking = list_missing(result)
    for exercise in result.exercises:
        yield f"{exercise.part:<5} {words.prose(exercise.title)}"
        for mark in lacking.get(exercise.id, ()):
            yield visible(f"    {STATUS[Status.FAILED][0]} {words.say(mark.title)}")
    for problem in result.problems:
        yield describe_problem(problem, words)
    if not lacking:
        yield words.gettext(N_("Nothing is missing."))
    yield words.gettext(N_("In an exam, nobody tells before its end whether an answer is right."))


def describe_problem(problem: Problem, words: Translator) -> str:
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


def _exercise(exercise: ExerciseResult, words: Translator, offered: Collection[str]) -> ExerciseAdvice:
    shown = set[str]()
    marks = []
    for mark in (mark for mark in exercise.marks if mark.status is not Status.PASSED):
        made = _mark(mark, f"{exercise.id}/{mark.criterion}", words, offered)
        marks.append(replace(made, look="") if made.look in shown else made)  # often the same for several
        shown.add(made.look)
    return ExerciseAdvice(
        exercise.id,
        STATUS[Status.PASSED if exercise.points == exercise.worth else Status.FAILED][0],
        exercise.part,
        words.prose(exercise.title),
        _points(exercise, words),
        tuple(marks),
    )


def _mark(mark: Mark, name: str, words: Translator, offered: Collection[str]) -> MarkAdvice:
    found = Message(TITLED, {"title": mark.title, "found": mark.decision.found})
    return MarkAdvice(
        STATUS[mark.status][0],
        visible(words.say(found)),
        _points(mark, words),
        tuple((STATUS[step.status][0], visible(words.say(step.title))) for step in mark.steps),
        visible(words.say(mark.decision.expected)),
        visible(words.say(mark.advice)),
        name if name in offered and not mark.hint else "",
    )


def _mark_lines(mark: MarkAdvice, words: Translator) -> Iterator[str]:
    yield f"    {mark.sign} {mark.found} ({mark.points})"
    for sign, title in mark.steps:
        yield f"        {sign} {title}"
    if mark.expected:
        expected = words.gettext(N_("expected: {expected}")).format(expected=mark.expected)
        yield f"      {expected}"
    if mark.look:
        yield from _wrap_text(mark.look)
    if mark.hint:
        yield from _wrap_text(words.gettext(N_("there is a hint: --hint {name}")).format(name=mark.hint))


def _wrap_text(text: str) -> list[str]:
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
