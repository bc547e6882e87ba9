"""Checks of how a conversation went, step by step, and of the capture itself: whole, made on this seat."""

from __future__ import annotations

from itertools import pairwise

from sharklab.checks import phrases
from sharklab.checks.context import Context
from sharklab.checks.conversation import no_conversation
from sharklab.checks.focus import Focus, find_focus
from sharklab.checks.kind import TEXT, Claim, Need, Params, Rests, Schema, check, parameters
from sharklab.checks.outcome import Finding, Status
from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.knocks import SYN_RETRIES, pattern
from sharklab.message import N_, Message

OPENINGS = ("syn", "syn_ack", "ack")
"""The steps of an opening."""
CLOSINGS = ("end", "one_side", "both_sides")
"""The steps of a closing."""
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
    """The opening shows the step `to`: the SYN, the SYN/ACK that answers it, the ACK of both.

    A capture of one direction shows its own steps.
    """
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    steps = _find_opening(focus)
    seen = [number for number in steps if number]
    found = Message(N_("Packets of the opening: {numbers}."), {"numbers": seen or "-"})
    return Finding(Status.of(steps[OPENINGS.index(params["to"])] > 0), found, focus.refer(*seen))


def _find_opening(focus: Focus) -> tuple[int, int, int]:
    """Return the packets of SYN, SYN/ACK and ACK, 0 for one that the capture does not show."""
    talk = focus.conversation
    packets = [focus.facts.packet(number) for number in talk.packets]
    syn = next(filter(tcp.is_syn, packets), None)
    answer = next((p for p in packets if tcp.is_syn_ack(p) and (not syn or p.ack == tcp.after(syn))), None)
    ack = next(iter(talk.handshake[2:]), 0)
    if syn and {packet.source for packet in packets} == {talk.client}:
        ack = next((p.number for p in packets if "ACK" in p.flags and p.seq == tcp.after(syn)), 0)
    return syn.number if syn else 0, answer.number if answer else 0, ack


@check(
    "closing",
    Rests.HEADERS,
    N_("End of the connection: {to}"),
    params=parameters("to", to={"enum": list(CLOSINGS)}),
    look=N_("Quit the program properly, then end the capture."),
)
def closing(context: Context, params: Params) -> Finding:
    """The end shows the step `to`: a FIN or a RST (`end`), the FIN of `one_side`, of `both_sides`."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    talk = focus.conversation
    seen = (bool(talk.fins or talk.resets), bool(talk.fins), len(talk.fins) == 2)
    steps = dict(zip(CLOSINGS, seen, strict=True))
    values = {"fins": talk.fins or "-", "resets": talk.resets or "-"}
    found = Message(N_("Packets with a FIN: {fins}; with a RST: {resets}."), values)
    return Finding(Status.of(steps[params["to"]]), found, focus.refer(*talk.fins, *talk.resets))


@check(
    "present",
    Rests.HEADERS,
    N_("The traffic is in the capture"),
    N_("the transport and both ends of the exercise"),
    params=parameters(transport={"enum": ["tcp", "udp"]}, both={"type": "boolean"}),
    look=N_("Record on the right card while the program talks to its server."),
)
def present(context: Context, params: Params) -> Finding:
    """A capture has a packet of the exercise's conversation, of the transport `transport` where it is given.

    Handshake, data and FIN may be missing. With `both`, each side sends a packet.
    """
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    talk = focus.conversation
    senders = {focus.facts.packet(number).source for number in talk.packets}
    values = {"transport": talk.transport.upper(), "client": str(talk.client), "server": str(talk.server)}
    text = (
        N_("The capture has {transport} between {client} and {server}, both ways.")
        if len(senders) == 2
        else N_("The capture has {transport} between {client} and {server}, one way.")
    )
    right = params.get("transport", talk.transport) == talk.transport
    good = right and (len(senders) == 2 or not params.get("both", False))
    return Finding(Status.of(good), Message(text, values), focus.refer())


@check(
    "sends",
    Rests.HEADERS,
    N_("Sides that send data: {sides}"),
    params=parameters("sides", sides={"enum": [1, 2]}),
    look=N_("End the capture after both sides have sent data, and keep both directions."),
)
def sends(context: Context, params: Params) -> Finding:
    """`sides` sides of the conversation send data or more; the handshake may be missing."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    talk = focus.conversation
    counts = talk.client_bytes, talk.server_bytes
    text = N_("The client sends {client} and the server {server}.")
    found = Message(text, phrases.traffic(phrases.BYTES, *counts))
    good = sum(map(bool, counts)) >= params["sides"]
    return Finding(Status.of(good), found, focus.refer(*talk.data_packets))


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
    N_("repeated without an answer (at least: {least}), at intervals that do not shrink"),
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
    values = {"count": seen.count, "intervals": [round(interval, 1) for interval in seen.intervals] or "-"}
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
