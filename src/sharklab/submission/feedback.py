"""What a student hears of their work before they hand it in: what is missing, and where to look."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.checks.outcome import Status
from sharklab.grading.criteria import criteria
from sharklab.grading.model import ExerciseResult, Mark, Result
from sharklab.i18n import Translator
from sharklab.message import N_, Message
from sharklab.model import Exercise, Plan
from sharklab.report.visible import visible
from sharklab.report.words import STATUS
from sharklab.submission.model import Problem


def lines(plan: Plan, result: Result, words: Translator, hinted: str = "") -> Iterator[str]:
    """Yield what to say of `result`, line by line; `hinted` is the criterion whose hint is asked for.

    The hints of the lab's author are told one at a time, for a course may make them cost points; where
    else to look is told at once. `result` has to be without keys.
    """
    exercises = {exercise.id: exercise for exercise in plan.lab.exercises}
    for exercise in result.exercises:
        yield from _exercise(plan, exercises[exercise.id], exercise, words, hinted)
    for problem in result.problems:
        yield said(problem, words)
    text = words.gettext(N_("Sum: {points} of {worth}"))
    yield text.format(points=_points(result.points), worth=_points(result.worth))


def said(problem: Problem, words: Translator) -> str:
    """Return what was refused of a folder, and why."""
    return visible(f"! {problem.file}: {words.say(problem.reason)}")


def hint_names(plan: Plan, result: Result) -> tuple[str, ...]:
    """Return the criteria that were not met and whose author has a hint, as exercise/criterion."""
    return tuple(
        f"{found.id}/{mark.criterion}"
        for exercise in plan.lab.exercises
        for found in result.exercises
        if found.id == exercise.id
        for mark in found.marks
        if mark.status is not Status.PASSED and mark.criterion in _with_hints(plan, exercise)
    )


def _with_hints(plan: Plan, exercise: Exercise) -> frozenset[str]:
    return frozenset(criterion.id for criterion in criteria(plan, exercise) if criterion.hints)


def _exercise(
    plan: Plan, exercise: Exercise, result: ExerciseResult, words: Translator, hinted: str
) -> Iterator[str]:
    sign = STATUS[Status.PASSED if result.points == result.worth else Status.FAILED][0]
    points = f"{_points(result.points)}/{_points(result.worth)}"
    yield f"{sign} {exercise.part:<5} {words.prose(exercise.title)}  {points}"
    withheld, shown = _with_hints(plan, exercise), set[str]()
    for mark in (mark for mark in result.marks if mark.status is not Status.PASSED):
        name = f"{exercise.id}/{mark.criterion}"
        yield from _mark(mark, words)
        look = _look(mark, name, mark.criterion in withheld and name != hinted, words)
        if look and look not in shown:  # where to look is often the same for several
            yield f"      → {look}"
            shown.add(look)


def _mark(mark: Mark, words: Translator) -> Iterator[str]:
    points = f"{_points(mark.points)}/{_points(mark.worth)}"
    yield visible(f"    {STATUS[mark.status][0]} {words.say(mark.title)}: {words.say(mark.found)} ({points})")
    for step in mark.steps:
        yield visible(f"        {STATUS[step.status][0]} {words.say(step.title)}")
    if mark.expected:
        expected = Message(N_("expected: {expected}"), {"expected": mark.expected})
        yield visible(f"      {words.say(expected)}")


def _look(mark: Mark, name: str, withheld: bool, words: Translator) -> str:
    if withheld:
        return words.gettext(N_("there is a hint: --hint {name}")).format(name=name)
    return visible(words.say(mark.look))


def _points(points: float) -> str:
    return f"{points:g}"
