"""Plans of the lab `pannes`, whose seats have faults."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from sharklab.lab import load, seat, start
from sharklab.lab.model import Lab, Plan, Seat
from sharklab.lab.plan import make_plan

SECRET = bytes(range(32))


@cache
def lab() -> Lab:
    """Return the lab."""
    return load.read_named("pannes")


def own(student: str = "alice") -> Seat:
    """Return the seat of a student of the course whose secret is SECRET."""
    return seat.derive(lab(), student, SECRET)


def plan(**faults: str) -> Plan:
    """Return the plan of alice's seat; each exercise that is named has that fault."""
    given = own()
    chosen = {**given.faults, **{exercise: (fault,) for exercise, fault in faults.items()}}
    return make_plan(lab(), replace(given, faults=chosen), begun=start.exercises(lab()))
