"""Seats of students on a cluster on paper, brought up and asked as the provider `cluster` does it."""

from __future__ import annotations

from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers.cluster import record
from sharklab.hosts.providers.cluster.provider import Cluster
from sharklab.hosts.providers.cluster.record import SeatRecord
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support import provider_seat

HOSTS = Cluster()


def up(layers: Layers, number: int = 1) -> Plan:
    """Bring the seat of a student up, and return its plan."""
    plan = provider_seat.plan(f"s{number}", number)
    HOSTS.forget_lost(plan.seat)
    HOSTS.make(plan, layers)
    HOSTS.up(plan, layers, quiet)
    return plan


def quiet(message: Message) -> None:
    """Say nothing."""


def record_of(plan: Plan) -> SeatRecord:
    """Return the record of a seat that was placed."""
    own = record.read(plan.seat.folder)
    assert own
    return own


def names(plan: Plan) -> set[str]:
    """Return the names of the instances of a seat."""
    return record_of(plan).names()
