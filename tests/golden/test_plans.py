"""Golden tests: each lab's plan for a known seat, byte for byte. Renew with: pytest tests/golden --renew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharklab.hosts import inventory
from sharklab.lab import load, matrices, seat
from sharklab.lab.plan import make_plan
from tests.golden.conftest import Golden

HERE = Path(__file__).parent


def planned(file: Path, pace: str) -> str:
    """Return the variables of all hosts of a lab, for a known seat."""
    lab = load.read(file)
    own = seat.derive(lab, "alice", bytes(range(32)))
    return json.dumps(inventory.hostvars(make_plan(lab, own, pace)), indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", load.names())
def test_plan_of_every_lab(name: str, golden: Golden) -> None:
    """A lab and a seat always give the same plan."""
    golden(HERE / "plans" / f"{name}.json", planned(load.find(name), matrices.FAST))


@pytest.mark.parametrize("pace", matrices.PACES)
def test_plan_of_a_matrix(pace: str, golden: Golden) -> None:
    """Each cell has a probe of its own, and the pace decides what it runs and how patient the kernel is."""
    file = HERE / "labs" / "matrix" / "lab.yml"
    golden(HERE / "plans" / f"matrix-{pace}.json", planned(file, pace))
