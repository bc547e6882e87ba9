"""The facts about hosts that the checks of a lab need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sharklab.checks.kind import KINDS, Rests
from sharklab.checks.question import QUESTIONS
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check, Exercise, Plan


def is_needed(plan: Plan) -> bool:
    """Tell whether any check or question of the lab rests on the state of hosts."""
    questions = (question for exercise in plan.lab.exercises for question in exercise.questions)
    return any(_checks(plan.lab.exercises)) or any(QUESTIONS[question].of_server for question in questions)


def services(plan: Plan) -> Mapping[str, list[str]]:
    """Return for each host the services whose state a check asks for, and firewalld."""
    names: dict[str, set[str]] = {host.name: {"firewalld"} for host in plan.hosts}
    for check in _checks(plan.lab.exercises):
        if "service" in check.params and (host := check.params.get("host")) in names:
            names[host].add(str(check.params["service"]))
    return {host: sorted(focus) for host, focus in names.items()}


def _checks(exercises: Iterable[Exercise]) -> Iterator[Check]:
    """Yield the checks that rest on hosts, in an exercise's checks or in its criteria."""
    for exercise in exercises:
        conditions = [part.condition for criterion in exercise.criteria for part in criterion.steps]
        asked = [leaf for condition in conditions for leaf in leaves(condition)]
        for leaf in (*exercise.checks, *asked):
            if isinstance(leaf, Check) and leaf.kind in KINDS and KINDS[leaf.kind].rests is Rests.STATE:
                yield leaf
