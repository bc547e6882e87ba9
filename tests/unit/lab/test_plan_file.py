"""plan.json is read back as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.lab import load, plan_file, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan
from tests.support.errors import error_of


@pytest.fixture
def alice() -> Plan:
    """Return the plan of tp4 for a known seat."""
    lab = load.read_named("tp4")
    return make_plan(lab, seat.derive(lab, "alice", bytes(range(32))))


def test_save_is_read_back(alice: Plan, tmp_path: Path) -> None:
    """A new process can go on from plan.json alone."""
    plan_file.save(alice, tmp_path)
    assert plan_file.read(tmp_path / "plan.json") == alice


def test_read_of_a_damaged_plan_names_the_file(tmp_path: Path) -> None:
    """A damaged plan is one clear error."""
    (tmp_path / "plan.json").write_text("{}")
    error = error_of(MachineryError, plan_file.read, tmp_path / "plan.json")
    assert str(tmp_path / "plan.json") == error.place
