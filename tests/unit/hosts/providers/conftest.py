"""The plan of a seat for tests of providers."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.hosts.providers import claims
from sharklab.lab.model import Plan
from tests.support import provider_seat


@pytest.fixture
def seat_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of a seat that never starts, in a state folder of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(claims, "MARKS", tmp_path / "marks")
    return provider_seat.plan("ada", 1)
