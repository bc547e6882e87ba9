"""Checks that something was not on the wire: they pass only on captures that are whole (`Kind.claim`)."""

from __future__ import annotations

from sharklab.checks.context import Context
from sharklab.checks.kind import CAPTURE, Claim, Need, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.message import N_, Message


@check(
    "unseen",
    Rests.HEADERS,
    N_("Capture {capture}"),
    N_("no packet"),
    params=parameters("capture", capture=CAPTURE),
    claim=Claim.ABSENCE,
    look=N_("Find the sender of these packets: none of them should arrive there."),
    needs=lambda params, capture: (Need.NOTHING_ELSE,) if capture == params["capture"] else (),
)
def unseen(context: Context, params: Params) -> Finding:
    """The capture `capture` holds no packet: the traffic that its filter selects did not happen."""
    name = params["capture"]
    facts = context.facts.get(name)
    if facts is None:
        return Finding(Status.INCONCLUSIVE, Message(N_("The run left no capture {capture}."), params))
    numbers = tuple(packet.number for packet in facts.packets)
    found = Message(N_("Packets in the capture {capture}: {count}."), {"count": len(numbers), **params})
    status = Status.FAILED if numbers else Status.PASSED
    return Finding(status, found, (Reference(capture=name, packets=numbers),))


@check(
    "hidden",
    Rests.CONTENTS,
    N_("The seat's token"),
    N_("not readable on the wire"),
    claim=Claim.ABSENCE,
    look=N_("Search the capture for the token: tcpdump -Anr."),
)
def hidden(context: Context, params: Params) -> Finding:
    """No packet contains the seat's token: an eavesdropper cannot read it."""
    token = context.plan.seat.token
    seen = {name: context.captures[name].search(token) for name in context.facts}
    evidence = tuple(Reference(capture=name, packets=numbers) for name, numbers in seen.items() if numbers)
    count = sum(len(numbers) for numbers in seen.values())
    found = Message(N_("Packets with the token {token}: {count}."), {"count": count, "token": token})
    return Finding(Status.FAILED if count else Status.PASSED, found, evidence)
