"""Golden tests: each lab's plan for a known seat, byte for byte. Renew with: pytest tests/golden --renew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharklab import load, plan, seat

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", load.names())
def test_plan_of_every_lab(name: str, golden) -> None:
    """A lab and a seat always give the same plan."""
    lab = load.load(load.find(name))
    own = seat.derive(lab, "alice", bytes(range(32)))
    values = plan.hostvars(plan.plan(lab, own))
    golden(HERE / "plans" / f"{name}.json", json.dumps(values, indent=1, ensure_ascii=False) + "\n")
