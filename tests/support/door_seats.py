"""Seats for tests of the door: plans on disk, whose network namespaces are said to be there."""

from __future__ import annotations

import pytest

from sharklab.hosts.providers import network
from sharklab.lab import load, plan_file, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan


def save(monkeypatch: pytest.MonkeyPatch, *seats: tuple[str, str]) -> list[Plan]:
    """Save a plan for each lab and student in the state folder, and let their namespaces be there."""
    plans = []
    for lab, student in seats:
        source = load.read_named(lab)
        plans.append(make_plan(source, seat.register(source, student)))
        plan_file.save(plans[-1])
    there = {network.namespace(plan.seat.id) for plan in plans}
    monkeypatch.setattr(network, "exists", lambda name: name in there)
    return plans
