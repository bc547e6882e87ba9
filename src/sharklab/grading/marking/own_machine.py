"""An exercise that a student did on machines of their own: without the criteria that only a seat can meet.

Nothing there has the values of a seat: its token, its names, its shares. A check whose parameter comes from
the seat is asked without it where it can be (DNS questions about any name), else it is left out. So are
hints whose situation only a seat can have. The state of hosts is left out unless it was handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.kind import Need, Rests
from sharklab.lab.model import (
    AllOf,
    AnyOf,
    Asked,
    Check,
    Condition,
    Criterion,
    Exercise,
    Hint,
    IrrelevantCaptures,
    LabContent,
    MixedUp,
    Not,
)

_OF_SEAT = frozenset({Need.TOKEN, Need.OWN_TIME})
"""Traits that only a capture of the seat can have."""


def without_seat(lab: LabContent, exercise: Exercise, hosts: Collection[str]) -> Exercise:
    """Return the exercise for machines of the student's own; of `hosts` the state was handed in.

    `lab` is the lab as its author wrote it: its templates tell which values come from the seat.
    """
    source = next(each for each in lab.exercises if each.id == exercise.id)
    pairs = zip(source.checks, exercise.checks, strict=True)
    criteria = zip(source.criteria, exercise.criteria, strict=True)
    hints = {name: _hints(source.hints[name], own, hosts) for name, own in exercise.hints.items()}
    return _with(
        replace(exercise, hints=hints),
        tuple(check for pair in pairs if (check := _check(*pair, hosts))),
        tuple(_criterion(*pair, hosts) for pair in criteria),
    )


def _hints(source: Sequence[Hint], own: Sequence[Hint], hosts: Collection[str]) -> tuple[Hint, ...]:
    """Return the hints whose situations need no seat."""
    pairs = ((_hint(*pair, hosts)) for pair in zip(source, own, strict=True))
    return tuple(hint for hint in pairs if hint)


def _hint(source: Hint, own: Hint, hosts: Collection[str]) -> Hint | None:
    if own.when is None or isinstance(own.when, IrrelevantCaptures | MixedUp):
        return own
    left = _condition(source.when, own.when, hosts)
    return replace(own, when=left) if left else None


def _with(exercise: Exercise, checks: tuple[Check, ...], criteria: tuple[Criterion, ...]) -> Exercise:
    """Return the exercise with other checks and criteria; one that loses all its criteria has none."""
    left = tuple(each for each in criteria if each.steps)
    if criteria and not left:
        return replace(exercise, checks=(), criteria=(), questions=())
    return replace(exercise, checks=checks, criteria=left)


def _criterion(source: Criterion, own: Criterion, hosts: Collection[str]) -> Criterion:
    steps = (
        (step, _condition(before.condition, step.condition, hosts))
        for before, step in zip(source.steps, own.steps, strict=True)
    )
    left = tuple(replace(step, condition=left) for step, left in steps if left)
    return replace(own, steps=left, hints=_hints(source.hints, own.hints, hosts))


def _condition(source: Any, own: Condition, hosts: Collection[str]) -> Condition | None:
    """Return the rest of a condition that needs no seat, or None without one."""
    if isinstance(own, Asked):
        question = QUESTIONS[own.question]
        return None if (question.of_server or question.of_seat) and not hosts else own
    if isinstance(own, Check):
        return _check(source, own, hosts)
    if isinstance(own, Not):
        part = _condition(source.part, own.part, hosts)
        return Not(part) if part else None
    parts = tuple(_parts(source, own, hosts))
    return replace(own, parts=parts) if parts else None


def _parts(source: Any, own: AllOf | AnyOf, hosts: Collection[str]) -> Iterator[Condition]:
    for before, part in zip(source.parts, own.parts, strict=True):
        left = _condition(before, part, hosts)
        if left:
            yield left


def _check(source: Check, own: Check, hosts: Collection[str]) -> Check | None:
    """Return the check without what comes from the seat, or None when nothing is left to ask."""
    kind = KINDS.get(own.kind)
    if kind is None or kind.live:
        return own
    if _is_of_hosts(own, hosts) or _OF_SEAT & kind.needs_of(own.params, ""):
        return None
    if kind.rests is Rests.STATE:
        return own
    params = {name: value for name, value in own.params.items() if not _is_filled(source.params, name)}
    return replace(own, params=params) if kind.required <= params.keys() else None


def _is_of_hosts(check: Check, hosts: Collection[str]) -> bool:
    """Tell whether a check rests on the state of a host of which none was handed in."""
    kind = KINDS.get(check.kind)
    return kind is not None and not set(hosts).issuperset(kind.hosts(check.params))


def _is_filled(params: Mapping[str, Any], name: str) -> bool:
    """Tell whether a parameter is a template, which the seat fills."""
    return "{{" in str(params.get(name, ""))
