"""Checks and criteria of lab.yml, read from entries that fit the schema."""

from __future__ import annotations

from typing import Any

import pytest

from sharklab.lab import criteria
from sharklab.lab.model import (
    AllOf,
    AnyOf,
    Asked,
    Check,
    Condition,
    CriterionStep,
    IrrelevantCaptures,
    MixedUp,
    Not,
)


@pytest.mark.parametrize(
    ("entry", "check"),
    [
        ("fin", Check("fin")),
        ({"transport": "tcp"}, Check("transport", {"value": "tcp"})),
        ({"dns": {"types": ["A"]}}, Check("dns", {"types": ["A"]})),
    ],
)
def test_check_is_a_name_or_has_parameters(entry: Any, check: Check) -> None:
    """One value is the parameter `value`."""
    assert check == criteria.check(entry)


@pytest.mark.parametrize(
    ("entry", "condition"),
    [
        ({"check": "fin", "points": 2}, Check("fin")),
        ({"question": "transport"}, Asked("transport")),
        ({"not": {"check": "fin"}}, Not(Check("fin"))),
        ({"any_of": [{"check": "fin"}, {"question": "x"}]}, AnyOf((Check("fin"), Asked("x")))),
        ({"all_of": [{"not": {"check": "fin"}}]}, AllOf((Not(Check("fin")),))),
    ],
)
def test_condition_has_one_kind(entry: dict[str, Any], condition: Condition) -> None:
    """Conditions may lie in each other; other keys do not matter."""
    assert condition == criteria.condition(entry)


def test_criterion_without_points_is_worth_one() -> None:
    """A criterion without steps is one step itself."""
    found = criteria.criterion({"id": "end", "check": "fin"})
    assert ("end", (CriterionStep(1.0, Check("fin")),), {}, ()) == (
        found.id,
        found.steps,
        found.title,
        found.hints,
    )


def test_criterion_may_have_steps() -> None:
    """Each has its own points and title."""
    steps = [{"check": "handshake", "points": 2, "title": {"en": "Open"}}, {"check": "fin"}]
    found = criteria.criterion({"id": "all", "steps": steps, "title": {"en": "All"}})
    expected = (CriterionStep(2.0, Check("handshake"), {"en": "Open"}), CriterionStep(1.0, Check("fin")))
    assert (expected, {"en": "All"}) == (found.steps, found.title)


def test_hints_have_their_situation() -> None:
    """No situation, captures that do not help, two answers that are mixed up, or a condition."""
    text = {"fr": "non", "en": "no"}
    entries: list[dict[str, Any]] = [
        text,
        {**text, "when": {"captures": "empty"}},
        {**text, "when": {"mixed_up": ["server_port", "local_port"]}},
        {**text, "when": {"not": {"check": "fin"}}},
    ]
    found = criteria.hints(entries)
    expected = [
        None,
        IrrelevantCaptures("empty"),
        MixedUp("server_port", "local_port"),
        Not(Check("fin")),
    ]
    assert expected == [hint.when for hint in found]
    assert [text] * 4 == [hint.text for hint in found]


def test_leaves_are_those_of_all_parts() -> None:
    """In their order, however deep."""
    wanted = AllOf((Check("a"), Not(AnyOf((Asked("b"), Check("c"))))))
    assert [Check("a"), Asked("b"), Check("c")] == list(criteria.leaves(wanted))


@pytest.mark.parametrize(
    ("entry", "places"),
    [
        ({"check": "fin"}, []),
        ({"check": "fin", "question": "x"}, [("criteria", 0)]),
        ({}, [("criteria", 0)]),
        ({"steps": [{"check": "fin"}, {}]}, [("criteria", 0, "steps", 1)]),
        ({"steps": [{"check": "fin"}], "points": 3}, [("criteria", 0)]),
    ],
)
def test_faults_are_found_before_criteria_are_read(entry: dict[str, Any], places: list[Any]) -> None:
    """A condition has exactly one kind, and steps have points of their own."""
    found = criteria.faults({"exercises": [{"criteria": [entry]}]})
    assert [("exercises", 0, *place) for place in places] == [where for where, _ in found]
