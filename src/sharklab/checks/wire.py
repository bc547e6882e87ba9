"""Checks of how a conversation went, step by step, and of the capture itself: whole, made on this seat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from sharklab.checks.choose import choose
from sharklab.checks.context import Context
from sharklab.checks.flaws import flaws_of, listed
from sharklab.checks.outcome import (
    Finding,
    Reference,
    Status,
)
from sharklab.checks.packets import no_conversation
from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.container import open_capture, search
from sharklab.evidence.packets.knocks import SYN_RETRIES, pattern
from sharklab.message import (
    N_,
    Message,
)

Params = Mapping[str, Any]

OPENINGS = ("syn", "syn_ack", "ack")
"""How far an opening came."""
SLACK = 60.0
"""Seconds by which the clocks of hosts and of the machine may differ."""
_STEADY = 0.8
"""An interval that is not shorter than this part of the one before has not shrunk."""
_LINK = 24
"""Bytes of a frame in which the addresses of its cards stand, whatever kind of header a capture has."""


def opening(context: Context, params: Params) -> Finding:
    """The handshake came as far as `to`: the SYN was sent, answered by SYN/ACK, acknowledged."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    packets = [chosen.facts.packet(number) for number in chosen.conversation.packets]
    syn = next(filter(tcp.is_syn, packets), None)
    answer = next((p for p in packets if tcp.is_syn_ack(p) and syn and p.ack == tcp.after(syn)), None)
    steps = (syn.number if syn else 0, answer.number if answer else 0, *chosen.conversation.handshake[2:])
    seen = [number for number in steps if number]
    good = len(seen) > OPENINGS.index(params["to"])
    found = Message(N_("Packets of the opening: {numbers}."), {"numbers": seen or "-"})
    return Finding(_passed(good), found, chosen.refer(*seen))


def reset(context: Context, params: Params) -> Finding:
    """The conversation was cut off by a RST of `by`: client or server."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    talk = chosen.conversation
    if not talk.resets:
        return Finding(Status.FAILED, Message(N_("No packet has a RST.")), chosen.refer())
    first = chosen.facts.packet(talk.resets[0])
    text = (
        N_("The client sends the RST (packet {number}).")
        if first.source == talk.client
        else N_("The server sends the RST (packet {number}).")
    )
    good = first.source == (talk.client if params["by"] == "client" else talk.server)
    return Finding(_passed(good), Message(text, {"number": first.number}), chosen.refer(first.number))


def retries(context: Context, params: Params) -> Finding:
    """The client repeats its SYN `least` times, at intervals that do not shrink, and nobody answers."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    seen = pattern(chosen.facts, [chosen.conversation])
    steady = all(later >= _STEADY * earlier for earlier, later in pairwise(seen.intervals))
    values = {"count": seen.count, "intervals": [f"{interval:.1f}" for interval in seen.intervals] or "-"}
    found = Message(N_("The client sends {count} SYNs; seconds between them: {intervals}."), values)
    good = seen.name == SYN_RETRIES and len(seen.intervals) >= params["least"] and steady
    return Finding(_passed(good), found, chosen.refer())


def retransmitted(context: Context, params: Params) -> Finding:
    """The conversation has `least` retransmissions or more, as tshark tells them."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    packets = map(chosen.facts.packet, chosen.conversation.packets)
    again = [packet.number for packet in packets if "retransmission" in packet.remarks]
    found = Message(N_("Retransmissions: {numbers}."), {"numbers": again or "-"})
    return Finding(_passed(len(again) >= params["least"]), found, chosen.refer(*again))


def payload(context: Context, params: Params) -> Finding:
    """A packet of the conversation carries the text `contains`, in whatever case."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    own = set(chosen.conversation.data_packets)
    numbers = [n for n in search(context.file(chosen.capture), params["contains"]) if n in own]
    found = Message(N_("Packets with the text: {numbers}."), {"numbers": numbers or "-"})
    return Finding(_passed(bool(numbers)), found, chosen.refer(*numbers))


def complete(context: Context, params: Params) -> Finding:
    """The captures have everything: no packet cut by a snap length, none dropped, no end missing."""
    flaws = tuple(flaws_of(context, contents=True))
    references = tuple(
        Reference(capture=name, packets=facts.truncated) for name, facts in context.facts.items()
    )
    if flaws:
        return Finding(Status.FAILED, listed(flaws), references)
    return Finding(Status.PASSED, Message(N_("Every packet is there, and whole.")), references)


def made_here(context: Context, params: Params) -> Finding:
    """Every packet was recorded on this seat: by a card of it, and between its beginning and the end."""
    begun, ended = (float(context.evidence.manifest.get(name) or 0.0) for name in ("started", "ended"))
    if not begun or not ended:
        return Finding(Status.INCONCLUSIVE, Message(N_("It is not known when the seat was up.")))
    strange = {name: tuple(_strange(context, name)) for name in context.facts}
    untimely = {name: tuple(_untimely(context, name, begun, ended)) for name in context.facts}
    evidence = tuple(
        Reference(capture=name, packets=tuple(sorted({*strange[name], *untimely[name]})))
        for name in context.facts
    )
    counts = {"strange": sum(map(len, strange.values())), "untimely": sum(map(len, untimely.values()))}
    text = N_("Packets of other network cards: {strange}; of another time than the seat's: {untimely}.")
    return Finding(_passed(not any(counts.values())), Message(text, counts), evidence)


def _strange(context: Context, name: str) -> Iterator[int]:
    """Yield the packets in whose frame is no address of a card of the seat."""
    cards = [
        bytes.fromhex(at.mac.replace(":", ""))
        for places in context.plan.seat.addresses.values()
        for at in places.values()
    ]
    capture = open_capture(context.file(name))
    for number, (offset, _) in enumerate(capture.packets, 1):
        head = capture.content[offset : offset + _LINK]
        if not any(card in head for card in cards):
            yield number


def _untimely(context: Context, name: str, begun: float, ended: float) -> Iterator[int]:
    for packet in context.facts[name].packets:
        if not begun - SLACK <= packet.time <= ended + SLACK:
            yield packet.number


def _passed(good: bool) -> Status:
    return Status.PASSED if good else Status.FAILED
