"""Checks of what captures by name show: how somebody knocked, what was answered, kept, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharklab.checks import phrases
from sharklab.checks.choose import choose
from sharklab.checks.context import Context
from sharklab.checks.outcome import (
    Finding,
    Reference,
    Status,
)
from sharklab.checks.packets import no_conversation
from sharklab.evidence.packets.container import search
from sharklab.evidence.packets.knocks import pattern
from sharklab.evidence.packets.model import Facts
from sharklab.message import (
    N_,
    Message,
)

Params = Mapping[str, Any]


def knock(context: Context, params: Params) -> Finding:
    """The packets of the capture `capture` are like `packets`, a pattern as matrices name them."""
    name = params["capture"]
    facts = context.facts.get(name)
    if facts is None:
        return _lacking(name)
    talks = [talk for talk in facts.conversations if talk.transport in ("tcp", "udp")]
    seen = pattern(facts, talks)
    numbers = sorted({n for talk in talks for n in (*talk.packets, *talk.icmp_errors)})
    found, right = phrases.pattern(seen), seen.fits(params["packets"])
    if not right:
        values = {"found": found, "wanted": phrases.packets(params["packets"])}
        found = Message(N_("{found} instead of {wanted}"), values)
    return Finding(_passed(right), found, (Reference(capture=name, packets=tuple(numbers)),))


def zero_reply(context: Context, params: Params) -> Finding:
    """The client sends data, and the server closes by FIN without having sent one byte."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    talk = chosen.conversation
    fin = next((n for n in talk.fins if chosen.facts.packet(n).source == talk.server), 0)
    text = N_("The client sends {client} bytes and the server {server} bytes.")
    found = Message(text, {"client": talk.client_bytes, "server": talk.server_bytes})
    right = bool(fin and talk.client_bytes and not talk.server_bytes)
    return Finding(_passed(right), found, chosen.refer(*((*talk.data_packets, fin) if fin else ())))


def snapped(context: Context, params: Params) -> Finding:
    """The capture `capture` has as many packets as `whole`, but cut: it lost the token, which `whole` has."""
    short, whole = params["capture"], params["whole"]
    if not {short, whole} <= context.facts.keys():
        return _lacking(short if short not in context.facts else whole)
    token = context.plan.seat.token
    kept, lost = (search(context.file(name), token) for name in (whole, short))
    counts = [len(context.facts[name].packets) for name in (short, whole)]
    cut = context.facts[short].truncated
    values = {"short": short, "whole": whole, "packets": counts, "cut": len(cut)}
    values |= {"kept": len(kept), "lost": len(lost)}
    text = N_(
        "Packets: {packets}. {short} kept {cut} of them in part. "
        "With the token: {lost} in {short}, {kept} in {whole}."
    )
    right = bool(cut and kept and not lost and counts[0] == counts[1])
    references = Reference(capture=short, packets=cut), Reference(capture=whole, packets=kept)
    return Finding(_passed(right), Message(text, values), references)


def costlier(context: Context, params: Params) -> Finding:
    """The capture `capture` took more packets than the capture `than`, and both carried data."""
    many, one = params["capture"], params["than"]
    if not {many, one} <= context.facts.keys():
        return _lacking(many if many not in context.facts else one)
    first, second = context.facts[many], context.facts[one]
    values = {
        f"{name}_{side}": value
        for side, facts in (("many", first), ("one", second))
        for name, value in _cost(facts).items()
    }
    text = N_(
        "{many}: {packets_many} packets and {connections_many} connections for {data_many} bytes of data; "
        "{one}: {packets_one} packets and {connections_one} connections for {data_one} bytes."
    )
    right = len(first.packets) > len(second.packets) and bool(_data(first) and _data(second))
    return Finding(
        _passed(right),
        Message(text, {**values, "many": many, "one": one}),
        (Reference(capture=many), Reference(capture=one)),
    )


def _cost(facts: Facts) -> Mapping[str, int]:
    return {"packets": len(facts.packets), "connections": len(facts.conversations), "data": _data(facts)}


def _data(facts: Facts) -> int:
    """Return the bytes of data that went over the wire, both ways."""
    return sum(talk.client_bytes + talk.server_bytes for talk in facts.conversations)


def _lacking(name: str) -> Finding:
    return Finding(Status.INCONCLUSIVE, Message(N_("The run left no capture {capture}."), {"capture": name}))


def _passed(right: bool) -> Status:
    return Status.PASSED if right else Status.FAILED
