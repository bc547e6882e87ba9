"""Checks that something was not on the wire: they pass only on captures that are whole (`Kind.denies`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharklab.checks.context import Context
from sharklab.checks.outcome import (
    Finding,
    Reference,
    Status,
)
from sharklab.evidence.packets.container import search
from sharklab.message import (
    N_,
    Message,
)

Params = Mapping[str, Any]


def unseen(context: Context, params: Params) -> Finding:
    """The capture `capture` of the exercise holds no packet: what its filter lets through did not happen."""
    name = params["capture"]
    facts = context.facts.get(name)
    if facts is None:
        return Finding(Status.INCONCLUSIVE, Message(N_("The run left no capture {capture}."), params))
    numbers = tuple(packet.number for packet in facts.packets)
    found = Message(N_("Packets in the capture {capture}: {count}."), {"count": len(numbers), **params})
    status = Status.FAILED if numbers else Status.PASSED
    return Finding(status, found, (Reference(capture=name, packets=numbers),))


def hidden(context: Context, params: Params) -> Finding:
    """The seat's token is in no packet of the captures: who listens does not read it."""
    token = context.plan.seat.token
    seen = {name: search(context.file(name), token) for name in context.facts}
    evidence = tuple(Reference(capture=name, packets=numbers) for name, numbers in seen.items() if numbers)
    count = sum(len(numbers) for numbers in seen.values())
    found = Message(N_("Packets with the token {token}: {count}."), {"count": count, "token": token})
    return Finding(Status.FAILED if count else Status.PASSED, found, evidence)
