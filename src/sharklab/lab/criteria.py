"""Read the checks and criteria of lab.yml: conditions, points and hints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sharklab.lab.model import (
    AllOf,
    AnyOf,
    Asked,
    Check,
    Condition,
    Criterion,
    CriterionStep,
    Hint,
    IrrelevantCaptures,
    MixedUp,
    Not,
)
from sharklab.lab.schema import Fault, Path, fault
from sharklab.message import N_

CriterionEntry = Mapping[str, Any]
CONDITIONS = ("check", "question", "almost", "all_of", "any_of", "not")
"""The keys of which a condition has one."""


def check(entry: str | CriterionEntry) -> Check:
    """Return the check that `entry` is: a name, or a name with parameters."""
    if isinstance(entry, str):
        return Check(entry)
    [(kind, params)] = entry.items()
    return Check(kind, dict(params) if isinstance(params, Mapping) else {"value": params})


def condition(entry: CriterionEntry) -> Condition:
    """Return the condition in a schema-valid `entry`, whose other keys do not matter."""
    [kind] = [name for name in CONDITIONS if name in entry]
    given = entry[kind]
    if kind == "check":
        return check(given)
    if kind in ("question", "almost"):
        return Asked(given, almost=kind == "almost")
    if kind == "not":
        return Not(condition(given))
    parts = tuple(condition(part) for part in given)
    return AllOf(parts) if kind == "all_of" else AnyOf(parts)


def criterion(entry: CriterionEntry) -> Criterion:
    """Return the criterion that schema-valid `entry` describes; one without points is worth one."""
    return Criterion(
        id=entry["id"],
        steps=tuple(_step(step) for step in entry.get("steps", (entry,))),
        title=dict(entry.get("title", {})),
        hints=hints(entry.get("hints", ())),
    )


def hints(entries: Iterable[CriterionEntry]) -> tuple[Hint, ...]:
    """Return the hints that schema-valid entries describe, in their order."""
    return tuple(_hint(entry) for entry in entries)


def _step(entry: CriterionEntry) -> CriterionStep:
    return CriterionStep(float(entry.get("points", 1)), condition(entry), dict(entry.get("title", {})))


def _hint(entry: CriterionEntry) -> Hint:
    when = entry.get("when")
    return Hint({key: entry[key] for key in ("fr", "en")}, _situation(when) if when else None)


def _situation(entry: CriterionEntry) -> Condition | IrrelevantCaptures | MixedUp:
    if "captures" in entry:
        return IrrelevantCaptures(entry["captures"])
    if "mixed_up" in entry:
        return MixedUp(*entry["mixed_up"])
    return condition(entry)


def leaves(wanted: Condition) -> Iterator[Check | Asked]:
    """Yield the checks and questions that a condition rests on."""
    if isinstance(wanted, Not):
        yield from leaves(wanted.part)
    elif isinstance(wanted, AllOf | AnyOf):
        for part in wanted.parts:
            yield from leaves(part)
    else:
        yield wanted


def faults(data: CriterionEntry) -> Iterator[Fault]:
    """Yield the faults of the criteria in a schema-valid lab.yml, before they are read."""
    for i, exercise in enumerate(data["exercises"]):
        for j, entry in enumerate(exercise.get("criteria", ())):
            where: Path = ("exercises", i, "criteria", j)
            yield from _shape(where, entry, (*CONDITIONS, "steps"))
            for k, step in enumerate(entry.get("steps", ())):
                yield from _shape((*where, "steps", k), step, CONDITIONS)


def _shape(where: Path, entry: CriterionEntry, choices: tuple[str, ...]) -> Iterator[Fault]:
    given = [name for name in choices if name in entry]
    if len(given) != 1:
        yield fault(where, N_("exactly one of these keys is needed: {choices}"), choices=choices)
    elif "steps" in given and "points" in entry:
        yield fault(where, N_("each step has its own points"), N_("remove this key"))
