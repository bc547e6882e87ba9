"""Exercises on machines of the student's own: without the criteria that only a seat can meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharklab.grading.marking.own_machine import without_seat
from sharklab.lab.model import (
    AllOf,
    AnyOf,
    Asked,
    Check,
    Condition,
    Criterion,
    CriterionStep,
    Exercise,
    Hint,
    MixedUp,
    Not,
)
from tests.support.checks_sample import Sample

PLAN, _ = Sample(["one"]).run()
FIN, TOKEN, PROCESS = Check("fin"), Check("token"), Asked("process")
MOUNT = Check("mount", {"host": "client", "path": "/mnt"})
NAMED = Check("dns", {"types": ["A"], "name": "{{ seat.domain }}"})
TEXT = Check("payload", {"contains": "{{ seat.token }}"})


def freed(*checks: Check, criteria: tuple[Condition, ...] = (), hosts: tuple[str, ...] = ()) -> Exercise:
    """Return an exercise of a seat as it is without one; its checks are filled with the seat's values."""
    source = with_criteria(checks, criteria)
    filled = replace(source, checks=tuple(replace(each, params=values(each)) for each in checks))
    lab = replace(PLAN.source, exercises=(source,))
    return without_seat(lab, filled, hosts)


def values(check: Check) -> dict[str, object]:
    """Return the parameters of a check as the seat fills them."""
    return {name: "tok7f3a" if "{{" in str(value) else value for name, value in check.params.items()}


def with_criteria(checks: tuple[Check, ...], criteria: tuple[Condition, ...]) -> Exercise:
    """Return an exercise with these checks, and a criterion for each condition."""
    [exercise] = PLAN.lab.exercises
    made = tuple(Criterion(str(i), (CriterionStep(1.0, each),)) for i, each in enumerate(criteria))
    return replace(exercise, checks=checks, criteria=made, questions=("process",))


@pytest.mark.parametrize(
    ("check", "left"),
    [
        (FIN, FIN),
        (TOKEN, None),
        (MOUNT, None),
        (NAMED, Check("dns", {"types": ["A"]})),
        (TEXT, None),
        (Check("probes"), Check("probes")),
        (Check("nonsense"), Check("nonsense")),
        (Check("made_here"), None),
    ],
)
def test_without_seat_leaves_what_packets_of_any_machine_show(check: Check, left: Check | None) -> None:
    """A value of the seat is not asked for; a check that needs one is left out."""
    assert (left,) * bool(left) == freed(check).checks


def test_without_seat_keeps_a_host_whose_state_was_handed_in() -> None:
    """Machines of the student's own may have been looked at."""
    assert (MOUNT,) == freed(MOUNT, hosts=("client",)).checks
    assert () == freed(MOUNT, hosts=("server",)).checks


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (AllOf((FIN, TOKEN)), AllOf((FIN,))),
        (AnyOf((TOKEN, MOUNT)), None),
        (Not(FIN), Not(FIN)),
        (Not(TOKEN), None),
        (PROCESS, None),
        (Asked("server_port"), Asked("server_port")),
    ],
)
def test_without_seat_frees_the_conditions_of_criteria(condition: Condition, left: Condition | None) -> None:
    """The criteria of the author lose the same parts, and go when nothing is left."""
    found = [each.steps[0].condition for each in freed(criteria=(FIN, condition)).criteria]
    assert [FIN, *([left] if left else [])] == found


@pytest.mark.parametrize(
    ("when", "left"),
    [
        (NAMED, Check("dns", {"types": ["A"]})),
        (Not(TOKEN), "gone"),
        (None, None),
        (MixedUp("server_port", "local_port"), MixedUp("server_port", "local_port")),
    ],
)
def test_without_seat_frees_the_situations_of_hints(when: Any, left: Any) -> None:
    """A hint about a value of the seat would tell a student of a course without seats what is not so."""
    [exercise] = PLAN.lab.exercises
    own = replace(when, params=values(when)) if isinstance(when, Check) else when
    source, filled = (
        replace(
            exercise,
            criteria=(Criterion("one", (CriterionStep(1.0, FIN),), hints=(hint,)),),
            hints={"fin": (hint,)},
        )
        for hint in (Hint({"en": "x"}, when), Hint({"en": "x"}, own))
    )
    found = without_seat(replace(PLAN.source, exercises=(source,)), filled, ())
    for hints in (found.hints["fin"], found.criteria[0].hints):
        assert ([] if left == "gone" else [left]) == [hint.when for hint in hints]


def test_without_seat_derives_no_criteria_in_the_place_of_the_authors() -> None:
    """An exercise whose criteria are all on hosts earns nothing then, whatever its checks are."""
    left = freed(FIN, criteria=(MOUNT,))
    assert ((), (), ()) == (left.checks, left.criteria, left.questions)
