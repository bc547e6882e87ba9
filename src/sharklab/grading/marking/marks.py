"""Grade a submission: `grade(plan, submission, policy)`; the same submission always gives the same result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sharklab.checks import KINDS
from sharklab.checks.outcome import Reference, Status
from sharklab.grading.marking.case import Case, gather
from sharklab.grading.marking.decisions import ALL_OF, combine, decide_twice
from sharklab.grading.marking.defaults import criteria, title_of
from sharklab.grading.marking.hints import find_hint
from sharklab.grading.marking.model import Decision, ExerciseResult, Mark, Remark, Result, Step
from sharklab.grading.marking.own_machine import without_seat
from sharklab.grading.marking.policy import NO_POLICY, Policy, adjustments, remarks
from sharklab.grading.submission import contents, finding
from sharklab.grading.submission.model import Submission
from sharklab.lab.model import Check, Criterion, CriterionStep, Plan
from sharklab.message import N_, NOTHING, Message

ELSEWHERE = "elsewhere"
"""The kind of the remark that a capture is of the student's own PC."""
SEVERAL = "several"
"""The kind of the remark that the work may be of several students."""
EARLY = "early"
"""The kind of the remark that a capture is from before the assignment was given."""


def grade(plan: Plan, submission: Submission, policy: Policy = NO_POLICY) -> Result:
    """Return the result of a submission for the seat of `plan`.

    Whatever a submission holds, it has a result. Raises MachineryError when tshark is missing or broken.
    """
    cases = gather(plan, submission, without_seats=policy.without_seats)
    return mark(plan, submission, cases, policy)


def mark(plan: Plan, submission: Submission, cases: Sequence[Case], policy: Policy = NO_POLICY) -> Result:
    """Return the result of a submission whose captures were read already."""
    exercises = tuple(
        result for case in cases if (result := _exercise(plan, case, policy.without_seats)).marks
    )
    return Result(
        lab=plan.lab.name,
        title=plan.lab.title,
        student=submission.student,
        seat=plan.seat.id,
        made=submission.made,
        seal=submission.seal,
        exercises=exercises,
        adjustments=adjustments(policy, submission, exercises, plan.lab),
        problems=submission.problems,
        taken=(
            *contents.list_taken(submission),
            *(each for case in cases for each in case.taken),
            *_say_assumptions(cases),
        ),
        remarks=(
            *remarks(policy, submission),
            *_several(plan, submission),
            *(() if policy.without_seats else _elsewhere(plan, cases)),
            *_early(policy, cases),
        ),
    )


def _several(plan: Plan, submission: Submission) -> Iterator[Remark]:
    """Yield that several folders of the lab count together: a repository may be of several students."""
    folders = finding.own_folders(submission.folder, submission.captures.values(), plan.lab.name)
    if len(folders) > 1:
        text = N_("several folders of the lab count together, perhaps of several students: {folders}")
        yield Remark(SEVERAL, Message(text, {"folders": folders}))


def _elsewhere(plan: Plan, cases: Sequence[Case]) -> Iterator[Remark]:
    """Yield which exercises rest on a capture of the student's own PC: nothing there is the seat's."""
    for case in cases:
        if case.context.plan.seat != plan.seat:
            text = N_("{exercise} rests on a capture from a machine outside the seat.")
            captures = tuple(Reference(capture=name) for name in case.context.facts)
            yield Remark(ELSEWHERE, Message(text, {"exercise": case.exercise.id}), evidence=captures)


def _say_assumptions(cases: Sequence[Case]) -> Iterator[Message]:
    """Yield which exercises have no answer that declares anything, and rest on what the captures show."""
    for case in cases:
        if case.assumed:
            captures = sorted({name for name, _ in case.context.meant})
            text = (
                N_("no answer of {exercise} fits: the only conversation of its kind in {captures} counts")
                if case.answers
                else N_("{exercise} has no answer: the only conversation of its kind in {captures} counts")
            )
            yield Message(text, {"exercise": case.exercise.id, "captures": captures})


def _early(policy: Policy, cases: Sequence[Case]) -> Iterator[Remark]:
    """Yield the captures that begin before the assignment was given."""
    for case in cases:
        for name, facts in case.context.facts.items():
            if facts.packets and min(packet.time for packet in facts.packets) < policy.given:
                said = Message(N_("{capture} begins before the assignment was given"), {"capture": name})
                yield Remark(EARLY, said, evidence=(Reference(capture=name),))


def _exercise(plan: Plan, case: Case, is_seatless: bool) -> ExerciseResult:
    """Return the marks of an exercise; in a seatless course, those that need a seat do not count."""
    exercise, hosts = case.exercise, case.context.evidence.state.keys()
    if is_seatless and case.context.plan.seat == plan.seat:  # else nothing of the seat is asked already
        exercise = without_seat(plan.source, exercise, hosts)
    marks = tuple(_mark(case, criterion) for criterion in criteria(plan.lab, exercise))
    return ExerciseResult(exercise.id, exercise.part, exercise.title, marks)


def _mark(case: Case, criterion: Criterion) -> Mark:
    decisions = [decide_twice(case, part.condition) for part in criterion.steps]
    decided = list(zip(criterion.steps, decisions, strict=True))
    combined = combine(ALL_OF, [(_title(criterion, part), each) for part, each in decided])
    decision = _of_whole(criterion, decisions, combined)
    missed = decision.status is not Status.PASSED
    first, *others = [each for each in decisions if each.status is decision.status]
    if all(each.found == first.found for each in others):  # the steps themselves show their titles
        decision = replace(decision, found=first.found, discreet=first.discreet)
    return Mark(
        criterion=criterion.id,
        title=title_of(criterion),
        worth=round(criterion.points, 4),
        points=round(sum(part.points for part, each in decided if each.status is Status.PASSED), 4),
        decision=decision if missed else replace(decision, expected=NOTHING, look=NOTHING),
        steps=tuple(_step(criterion, *pair) for pair in decided) if len(decided) > 1 else (),
        hint=find_hint(case, criterion) if missed else NOTHING,
    )


def _of_whole(criterion: Criterion, decisions: Sequence[Decision], combined: Decision) -> Decision:
    """Return the decision of the step that is the whole criterion, where it has one: it says everything."""
    steps = zip(criterion.steps, decisions, strict=True)
    whole = next((each for part, each in steps if part.condition == criterion.whole), None)
    return whole if whole and whole.status is combined.status else combined


def _title(criterion: Criterion, part: CriterionStep) -> Message:
    """Return the title of a step; one of several alike says its own part of the whole."""
    whole, own = criterion.whole, part.condition
    if isinstance(whole, Check) and isinstance(own, Check) and own.kind == whole.kind and own != whole:
        return Message(KINDS[own.kind].expected, own.params)
    return title_of(part)


def _step(criterion: Criterion, part: CriterionStep, decision: Decision) -> Step:
    points = part.points if decision.status is Status.PASSED else 0.0
    return Step(_title(criterion, part), round(part.points, 4), round(points, 4), decision.status)
