"""Choose the hint of a lab's author that fits the submission: the first one whose situation holds."""

from __future__ import annotations

from sharklab.checks import QUESTIONS
from sharklab.checks.focus import candidates
from sharklab.checks.outcome import Status
from sharklab.checks.question import answer
from sharklab.grading.marking.case import Case
from sharklab.grading.marking.decisions import decide, names
from sharklab.grading.submission import answers
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Capture, Check, Criterion, Hint, IrrelevantCaptures, MixedUp
from sharklab.message import NOTHING, Message, prose

EMPTY = "empty"
"""The situation of captures without a packet; other captures are of elsewhere."""


def find_hint(case: Case, criterion: Criterion) -> Message:
    """Return the hint of a criterion that fits what was handed in, or nothing. Nothing is raised."""
    return next((prose(hint.text) for hint in criterion.hints if fits(case, criterion, hint)), NOTHING)


def fits(case: Case, criterion: Criterion, hint: Hint) -> bool:
    """Tell whether the situation of one of a criterion's hints is there.

    In a course without seats no capture is of elsewhere: nobody has a host on which to record instead.
    """
    if isinstance(hint.when, IrrelevantCaptures):
        if case.own_machines and hint.when.like != EMPTY:
            return False
        return _is_recorded(case, _captures(case, criterion), hint.when.like)
    if isinstance(hint.when, MixedUp):
        return _is_mixed_up(case, hint.when)
    return hint.when is None or decide(case, hint.when).status is Status.PASSED


def _captures(case: Case, criterion: Criterion) -> tuple[Capture, ...]:
    """Return the captures that a criterion names, or all of the exercise."""
    wanted = {
        name
        for part in criterion.steps
        for leaf in leaves(part.condition)
        if isinstance(leaf, Check)
        for name in names(leaf)
    }
    named = tuple(capture for capture in case.exercise.captures if capture.id in wanted)
    return named or case.exercise.captures


def _is_recorded(case: Case, captures: tuple[Capture, ...], like: str) -> bool:
    """Tell whether captures are handed in and readable, and one is empty, or all show something else."""
    there = tuple(capture for capture in captures if capture.id in case.context.facts)
    facts = [case.context.facts[capture.id] for capture in there]
    if any(each.problem for each in facts):
        return False
    if like == EMPTY:
        return any(not each.packets for each in facts)
    return any(each.packets for each in facts) and not _shows(case, there)


def _shows(case: Case, captures: tuple[Capture, ...]) -> bool:
    """Tell whether captures hold what the exercise is about: its conversation, or any host of the seat."""
    if case.exercise.conversation is None:
        return not all(capture in case.foreign(captures) for capture in captures)
    return bool(candidates(case.narrow_context(captures)))


def _is_mixed_up(case: Case, mixed: MixedUp) -> bool:
    """Tell whether the answer to one question is the measured answer of the other."""
    try:
        key = answer(QUESTIONS[mixed.other], case.context).value
    except Exception:  # a hint is no reason to stop: what breaks is told where the question is graded
        return False
    given = case.answers.get(mixed.question)
    own = answers.values(mixed.question, given)  # a pasted line has both ends: this one is meant
    said = own or answers.values(mixed.other, given)
    return key is not None and bool(said) and said == answers.values(mixed.other, key)
