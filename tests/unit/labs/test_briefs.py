"""The briefs of the labs: a student reads all that the hosts are checked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sharklab.checks import KINDS
from sharklab.checks.kind import Rests
from sharklab.grading.marking.defaults import criteria
from sharklab.lab import load, seat, start
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check, Plan
from sharklab.lab.plan import make_plan
from sharklab.report import brief

MEASURED = ("port", "verdict")
"""Parameters that say how an effect is tried: a brief names the service and not its port."""


def planned(name: str) -> Plan:
    """Return the plan of a student's seat."""
    lab = load.read_named(name)
    return make_plan(lab, seat.derive(lab, "ada", bytes(32)), begun=start.exercises(lab))


def checked(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each value that a check of hosts looks for in the students' work, with its criterion."""
    for exercise in plan.lab.exercises:
        for criterion in criteria(plan.lab, exercise) if exercise.start else ():
            for leaf in (leaf for step in criterion.steps for leaf in leaves(step.condition)):
                if isinstance(leaf, Check) and KINDS[leaf.kind].rests is Rests.STATE:
                    for value in (v for name, v in leaf.params.items() if name not in MEASURED):
                        for one in value if isinstance(value, list | tuple) else [value]:
                            yield f"{exercise.id}/{criterion.id}", str(one)


@pytest.mark.parametrize("name", ["ports", "tp4"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_brief_tells_what_the_hosts_are_checked_for(name: str, language: str) -> None:
    """Each name, port, path and address of a check of the students' work is in the text."""
    plan = planned(name)
    text = brief.markdown(plan, language)
    values = list(checked(plan))
    assert values
    # A source such as 10.0.0.1:/srv/x is told by its parts, a file by its name and its folder.
    parts = ((who, part) for who, value in values for part in re.split(r":(?=/)|/(?=\w+\.txt$)", value))
    untold = [(who, part) for who, part in parts if part not in text]
    assert [] == untold
