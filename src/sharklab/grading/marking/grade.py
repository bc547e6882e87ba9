"""Grade a submission: `grade(plan, submission, terms)`; the same submission always gives the same result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sharklab.checks.flaws import listed
from sharklab.checks.outcome import (
    Reference,
    Status,
)
from sharklab.grading.marking.case import Case, gather
from sharklab.grading.marking.decide import ALL_OF, Decision, decide
from sharklab.grading.marking.defaults import criteria, title_of
from sharklab.grading.marking.hints import fitting
from sharklab.grading.marking.model import ExerciseResult, Mark, Remark, Result, Step
from sharklab.grading.marking.terms import NO_TERMS, Terms, adjustments, remarks
from sharklab.grading.submission.model import Submission
from sharklab.lab.model import Criterion, CriterionStep, Plan
from sharklab.message import (
    N_,
    NOTHING,
    Message,
)

ELSEWHERE = "elsewhere"
"""The kind of the remark that a capture is of the student's own PC."""


def grade(plan: Plan, submission: Submission, terms: Terms = NO_TERMS) -> Result:
    """Return the result of a submission for the seat of `plan`.

    Whatever a submission holds, it has a result. Raises MachineryError when tshark is missing or broken.
    """
    return mark(plan, submission, gather(plan, submission), terms)


def mark(plan: Plan, submission: Submission, cases: Sequence[Case], terms: Terms = NO_TERMS) -> Result:
    """Return the result of a submission whose captures were read already."""
    exercises = tuple(result for case in cases if (result := _exercise(plan, case)).marks)
    return Result(
        lab=plan.lab.name,
        title=plan.lab.title,
        student=submission.student,
        seat=plan.seat.id,
        made=submission.made,
        seal=submission.seal,
        exercises=exercises,
        adjustments=adjustments(terms, submission, exercises),
        problems=submission.problems,
        remarks=(*remarks(terms, submission), *_elsewhere(plan, cases)),
    )


def _elsewhere(plan: Plan, cases: Sequence[Case]) -> Iterator[Remark]:
    """Yield which exercises rest on a capture of the student's own PC: nothing there is the seat's."""
    for case in cases:
        if case.context.plan.seat != plan.seat:
            text = N_("{exercise} is shown by a capture of another machine than the seat's.")
            captures = tuple(Reference(capture=name) for name in case.context.facts)
            yield Remark(ELSEWHERE, Message(text, {"exercise": case.exercise.id}), evidence=captures)


def _exercise(plan: Plan, case: Case) -> ExerciseResult:
    exercise = case.exercise
    marks = tuple(_mark(case, criterion) for criterion in criteria(plan.lab, exercise))
    return ExerciseResult(exercise.id, exercise.part, exercise.title, marks)


def _mark(case: Case, criterion: Criterion) -> Mark:
    decided = [(part, decide(case, part.condition)) for part in criterion.steps]
    status = next(status for status in ALL_OF if status in {found.status for _, found in decided})
    telling = [(part, found) for part, found in decided if found.status is status]
    first = telling[0][1]
    missed = status is not Status.PASSED
    return Mark(
        criterion=criterion.id,
        title=title_of(criterion),
        worth=round(criterion.points, 4),
        points=round(sum(part.points for part, found in decided if found.status is Status.PASSED), 4),
        status=status,
        found=_found(telling),
        expected=first.expected if missed else NOTHING,
        look=first.look if missed else NOTHING,
        hint=fitting(case, criterion) if missed else NOTHING,
        evidence=tuple(dict.fromkeys(reference for _, found in telling for reference in found.evidence)),
        steps=tuple(_step(part, found) for part, found in decided) if len(decided) > 1 else (),
        asks=any(found.asks for _, found in decided),
    )


def _found(telling: list[tuple[CriterionStep, Decision]]) -> Message:
    if len(telling) == 1:
        return telling[0][1].found
    said = (Message("{title}: {found}", {"title": title_of(p), "found": d.found}) for p, d in telling)
    return listed(tuple(said))


def _step(part: CriterionStep, found: Decision) -> Step:
    points = part.points if found.status is Status.PASSED else 0.0
    return Step(title_of(part), round(part.points, 4), round(points, 4), found.status)
