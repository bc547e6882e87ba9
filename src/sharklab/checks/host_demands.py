"""The facts about hosts that the checks of a lab need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sharklab.checks import administration, effects
from sharklab.checks.kind import KINDS, Rests
from sharklab.checks.question import QUESTIONS
from sharklab.evidence.host_state import Demands
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check, Condition, Exercise, Hint, IrrelevantCaptures, MixedUp, Plan


def is_needed(plan: Plan) -> bool:
    """Tell whether any check or question of the lab rests on the state of hosts."""
    questions = (question for exercise in plan.lab.exercises for question in exercise.questions)
    return any(_checks(plan.lab.exercises)) or any(QUESTIONS[question].of_server for question in questions)


def demands(plan: Plan) -> Mapping[str, Demands]:
    """Return the demands of the checks of the lab on each host."""
    checks = tuple(_checks(plan.lab.exercises))
    return {
        host.name: _of_host(plan, [check for check in checks if check.params.get("host") == host.name])
        for host in plan.hosts
    }


def _of_host(plan: Plan, checks: Sequence[Check]) -> Demands:
    """Return the services that checks of a host ask about, and firewalld; and the effects to be tried."""
    asked = [administration.names(check.params["service"]) for check in checks if "service" in check.params]
    services = {"firewalld", *(name for each in asked for name in each)}
    openings = {str(name) for check in checks for name in check.params.get("services", ())}
    openings |= {str(check.params["opening"]) for check in checks if "opening" in check.params}
    attempts = filter(None, (effects.attempt(plan, check) for check in checks))
    return Demands(
        tuple(sorted(services)),
        tuple(sorted(openings)),
        tuple(dict.fromkeys(attempts)),
        any(check.kind == "sshd" for check in checks),
    )


def _checks(exercises: Iterable[Exercise]) -> Iterator[Check]:
    """Yield the checks that rest on hosts, in an exercise's checks, in its criteria or in its hints."""
    for exercise in exercises:
        asked = [leaf for condition in _conditions(exercise) for leaf in leaves(condition)]
        for leaf in (*exercise.checks, *asked):
            if isinstance(leaf, Check) and leaf.kind in KINDS and KINDS[leaf.kind].rests is Rests.STATE:
                yield leaf


def _conditions(exercise: Exercise) -> Iterator[Condition]:
    """Yield the conditions of an exercise: those of its criteria, and the situations of its hints."""
    hints: list[Hint] = [hint for group in exercise.hints.values() for hint in group]
    for criterion in exercise.criteria:
        yield from (part.condition for part in criterion.steps)
        hints += criterion.hints
    for hint in hints:
        if not isinstance(hint.when, IrrelevantCaptures | MixedUp | None):
            yield hint.when
