"""The criteria that the solution of another exercise does, too: they earn nothing then."""

from __future__ import annotations

from collections.abc import Collection

from sharklab.checks import KINDS
from sharklab.checks.kind import Rests
from sharklab.grading.marking.defaults import criteria
from sharklab.lab import start
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check, Condition, Criterion, LabContent


def find_criteria(lab: LabContent, ids: Collection[str]) -> tuple[str, ...]:
    """Return the criteria of other exercises that the solutions of `ids` do, as exercise/criterion.

    They look only at hosts on which a solution does all the work of their exercise.
    """
    hosts = start.find_solved_hosts(lab, ids)
    return tuple(
        f"{exercise.id}/{criterion.id}"
        for exercise in lab.exercises
        if exercise.id in hosts
        for criterion in criteria(lab, exercise)
        if _looks_only_at(criterion, hosts[exercise.id])
    )


def _looks_only_at(criterion: Criterion, hosts: Collection[str]) -> bool:
    conditions: list[Condition] = [step.condition for step in criterion.steps]
    asked = [leaf for condition in conditions for leaf in leaves(condition)]
    return all(
        isinstance(leaf, Check) and KINDS[leaf.kind].rests is Rests.STATE and leaf.params.get("host") in hosts
        for leaf in asked
    )
