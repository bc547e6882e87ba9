"""Plans: every template filled in, saved and read back."""

from __future__ import annotations

import pytest

from sharklab.lab import load, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan


@pytest.fixture
def alice() -> Plan:
    """Return the plan of tp4 for a known seat."""
    lab = load.read_named("tp4")
    return make_plan(lab, seat.derive(lab, "alice", bytes(range(32))))


def test_plan_leaves_no_template(alice: Plan) -> None:
    """Nothing of the plan is still to be filled in."""
    assert "{{" not in str(alice.lab.data)
