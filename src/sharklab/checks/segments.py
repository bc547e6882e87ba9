"""Checks of how a conversation went, step by step, and of the capture itself: whole, made on this seat."""

from __future__ import annotations

from itertools import pairwise

from sharklab.checks.context import Context
from sharklab.checks.conversation import no_conversation
from sharklab.checks.focus import find_focus
from sharklab.checks.kind import TEXT, Claim, Need, Params, Rests, Schema, check, parameters
from sharklab.checks.outcome import (
    Finding,
    Status,
)
from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.knocks import SYN_RETRIES, pattern
from sharklab.message import (
    N_,
    Message,
)

OPENINGS = ("syn", "syn_ack", "ack")
"""How far an opening came."""
_STEADY = 0.8
"""An interval that is not shorter than this part of the one before has not shrunk."""

_COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 1000}


@check(
    "opening",
    Rests.HEADERS,
    N_("Opening of the connection: {to}"),
    params=parameters("to", to={"enum": list(OPENINGS)}),
    look=N_("Look at the flags of the first three packets."),
    needs=lambda params, _: () if params["to"] == "syn" else (Need.SYN_ACK,),
)
def opening(context: Context, params: Params) -> Finding:
    """The handshake comes as far as `to`: the SYN is sent, answered by SYN/ACK, acknowledged by ACK."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    packets = [focus.facts.packet(number) for number in focus.conversation.packets]
    syn = next(filter(tcp.is_syn, packets), None)
    answer = next((p for p in packets if tcp.is_syn_ack(p) and syn and p.ack == tcp.after(syn)), None)
    steps = (syn.number if syn else 0, answer.number if answer else 0, *focus.conversation.handshake[2:])
    seen = [number for number in steps if number]
    good = len(seen) > OPENINGS.index(params["to"])
    found = Message(N_("Packets of the opening: {numbers}."), {"numbers": seen or "-"})
    return Finding(Status.of(good), found, focus.refer(*seen))


@check(
    "reset",
    Rests.HEADERS,
    N_("RST of the {by}"),
    params=parameters("by", by={"enum": ["client", "server"]}),
    look=N_("Find the side that sends the packet with the flag RST."),
    needs=(Need.RESET,),
)
def reset(context: Context, params: Params) -> Finding:
    """The side `by` cuts the conversation off with a RST."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    talk = focus.conversation
    if not talk.resets:
        return Finding(Status.FAILED, Message(N_("No packet has a RST.")), focus.refer())
    first = focus.facts.packet(talk.resets[0])
    text = (
        N_("The client sends the RST (packet {number}).")
        if first.source == talk.client
        else N_("The server sends the RST (packet {number}).")
    )
    good = first.source == (talk.client if params["by"] == "client" else talk.server)
    return Finding(Status.of(good), Message(text, {"number": first.number}), focus.refer(first.number))


@check(
    "retries",
    Rests.HEADERS,
    N_("SYN, repeated"),
    N_("repeated without an answer ({least} times or more), at intervals that do not shrink"),
    params=parameters("least", least=_COUNT),
    claim=Claim.WHOLE,
    look=N_("Give the client the time to try again before you end the capture."),
)
def retries(context: Context, params: Params) -> Finding:
    """The client repeats its SYN `least` times or more without an answer, at intervals that do not shrink."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    seen = pattern(focus.facts, [focus.conversation])
    steady = all(later >= _STEADY * earlier for earlier, later in pairwise(seen.intervals))
    values = {"count": seen.count, "intervals": [f"{interval:.1f}" for interval in seen.intervals] or "-"}
    found = Message(N_("The client sends {count} SYNs; seconds between them: {intervals}."), values)
    good = seen.name == SYN_RETRIES and len(seen.intervals) >= params["least"] and steady
    return Finding(Status.of(good), found, focus.refer())


@check(
    "retransmitted",
    Rests.HEADERS,
    N_("Retransmissions"),
    N_("{least} or more"),
    params=parameters("least", least=_COUNT),
    look=N_("In Wireshark the filter is tcp.analysis.retransmission."),
)
def retransmitted(context: Context, params: Params) -> Finding:
    """The conversation has at least `least` retransmissions, as tshark counts them."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    packets = map(focus.facts.packet, focus.conversation.packets)
    again = [packet.number for packet in packets if "retransmission" in packet.remarks]
    found = Message(N_("Retransmissions: {numbers}."), {"numbers": again or "-"})
    return Finding(Status.of(len(again) >= params["least"]), found, focus.refer(*again))


@check(
    "payload",
    Rests.CONTENTS,
    N_("Text on the wire"),
    params=parameters("contains", contains=TEXT),
    look=N_("Look at the data of the packets: tcpdump -Anr."),
)
def payload(context: Context, params: Params) -> Finding:
    """A packet of the conversation contains the text `contains`, in upper or lower case."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    own = set(focus.conversation.data_packets)
    numbers = [n for n in context.captures[focus.capture].search(params["contains"]) if n in own]
    found = Message(N_("Packets with the text: {numbers}."), {"numbers": numbers or "-"})
    return Finding(Status.of(bool(numbers)), found, focus.refer(*numbers))
