"""Kinds of checks: their schemas, the captures that they name, and what they need of these."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sharklab.checks import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_have_a_schema_that_is_one(kind: str) -> None:
    """Lint validates parameters with it."""
    Draft202012Validator.check_schema(dict(KINDS[kind].params))


@pytest.mark.parametrize(
    ("kind", "params", "good"),
    [
        ("fin", {}, True),
        ("fin", {"value": 1}, False),
        ("transport", {"value": "tcp"}, True),
        ("transport", {"value": "sctp"}, False),
        ("dns", {"types": ["A"], "name": "x"}, True),
        ("dns", {"name": "x"}, False),
        ("output", {"probe": "a", "contains": ["x", "y"]}, True),
        ("firewall", {"runtime": "a", "permanent": "b", "services": []}, True),
    ],
)
def test_kinds_schema_tells_good_parameters(kind: str, params: dict[str, Any], good: bool) -> None:
    """A misspelt or missing parameter is found before the lab runs."""
    assert good == Draft202012Validator(dict(KINDS[kind].params)).is_valid(params)
