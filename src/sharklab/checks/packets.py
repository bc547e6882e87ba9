"""Checks of what the captures show: opening, traffic, closing, datagrams, the token, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharklab.checks.choose import Chosen, candidates, choose
from sharklab.checks.context import Context
from sharklab.checks.outcome import (
    Finding,
    Reference,
    Status,
    both,
)
from sharklab.evidence.packets.container import search
from sharklab.message import (
    N_,
    NOTHING,
    Message,
)

Params = Mapping[str, Any]


def handshake(context: Context, params: Params) -> Finding:
    """The conversation opens with SYN, SYN/ACK and ACK whose numbers continue one another (RFC 9293)."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    numbers = chosen.conversation.handshake
    if not numbers:
        return _failed(chosen, _no_handshake(chosen))
    text = N_("Packets {syn}, {answer} and {ack} open the connection: SYN, SYN/ACK, ACK.")
    return _passed(chosen, Message(text, dict(zip(("syn", "answer", "ack"), numbers, strict=True))), *numbers)


def _no_handshake(chosen: Chosen) -> Message:
    """Say why a conversation has no whole handshake."""
    talk = chosen.conversation
    if talk.transport != "tcp":
        return Message(N_("The conversation is {transport}, which has no handshake."), _transport(chosen))
    if talk.icmp_errors:
        return Message(
            N_("The ICMP message of packet {number} refuses the connection."), {"number": talk.icmp_errors[0]}
        )
    if talk.resets and not talk.data_packets:
        return Message(N_("The RST of packet {number} refuses the connection."), {"number": talk.resets[0]})
    if {packet.source for packet in map(chosen.facts.packet, talk.packets)} == {talk.client}:
        return Message(
            N_("The server answers nothing to the client (packets sent: {count})."),
            {"count": len(talk.packets)},
        )
    return Message(N_("The capture does not show the whole handshake of the conversation."))


def traffic(context: Context, params: Params) -> Finding:
    """Data goes both ways between the handshake and the closing."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    talk = chosen.conversation
    if talk.transport == "tcp" and not talk.handshake:
        return _failed(chosen, _no_handshake(chosen))
    first, last = max(talk.handshake, default=0), max(talk.closing, default=talk.packets[-1])
    inside = [chosen.facts.packet(number) for number in talk.data_packets if first <= number <= last]
    counts = {"client": talk.client_bytes, "server": talk.server_bytes}
    text = N_("The client sends {client} bytes and the server {server} bytes.")
    enough = {packet.source for packet in inside} == {talk.client, talk.server}
    return (_passed if enough else _failed)(
        chosen, Message(text, counts), *(packet.number for packet in inside)
    )


def fin(context: Context, params: Params) -> Finding:
    """The conversation ends with a FIN of each side, both acknowledged."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    talk = chosen.conversation
    if talk.closed_by == "fin":
        text = N_("Packets {numbers} close the connection: FIN and ACK of each side.")
        return _passed(chosen, Message(text, {"numbers": talk.closing}), *talk.closing)
    return _failed(chosen, _no_fin(chosen), *talk.fins, *talk.resets)


def _no_fin(chosen: Chosen) -> Message:
    """Say how a conversation ended, when not by an exchange of FIN."""
    talk = chosen.conversation
    if talk.transport != "tcp":
        return Message(N_("The conversation is {transport}, which has no FIN."), _transport(chosen))
    if talk.closed_by == "rst":
        text = (
            N_("The client ends the connection with a RST (packet {number}).")
            if talk.reset_by == "client"
            else N_("The server ends the connection with a RST (packet {number}).")
        )
        return Message(text, {"number": talk.closing[0]})
    if talk.fins:
        text = N_("The exchange of FIN is not whole; packets with a FIN: {numbers}.")
        return Message(text, {"numbers": talk.fins})
    return Message(N_("The capture shows no FIN: the connection was still open when the capture ended."))


def udp_exchange(context: Context, params: Params) -> Finding:
    """Datagrams go both ways."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    talk = chosen.conversation
    if talk.transport != "udp":
        return _failed(chosen, Message(N_("The conversation is {transport}, not UDP."), _transport(chosen)))
    senders = [chosen.facts.packet(number).source for number in talk.packets]
    counts = {"client": senders.count(talk.client), "server": senders.count(talk.server)}
    found = Message(N_("The client sends {client} datagrams and the server {server}."), counts)
    if talk.icmp_errors:
        refused = N_("The ICMP message of packet {number} refuses one.")
        found = both(found, Message(refused, {"number": talk.icmp_errors[0]}))
    return (_passed if all(counts.values()) else _failed)(chosen, found)


def transport(context: Context, params: Params) -> Finding:
    """The conversation uses the transport `value`: tcp or udp."""
    chosen = choose(context)
    if chosen is None:
        return no_conversation(context)
    found = Message(N_("The conversation is {transport}."), _transport(chosen))
    right = chosen.conversation.transport == params["value"]
    return (_passed if right else _failed)(chosen, found)


def token(context: Context, params: Params) -> Finding:
    """The seat's token is in the bytes of the captures."""
    seat = context.plan.seat
    seen = {name: search(context.file(name), seat.token) for name in context.facts}
    evidence = tuple(Reference(capture=name, packets=numbers) for name, numbers in seen.items() if numbers)
    if not evidence:
        return Finding(Status.FAILED, Message(N_("No packet has the token {token}."), {"token": seat.token}))
    count = sum(len(numbers) for numbers in seen.values())
    found = Message(N_("Packets with the token {token}: {count}."), {"count": count, "token": seat.token})
    return Finding(Status.PASSED, found, evidence)


def clean(context: Context, params: Params) -> Finding:
    """The captures hold the exercise's conversation and nothing else."""
    mine: dict[str, set[int]] = {name: set() for name in context.facts}
    for name, talk in candidates(context):
        mine[name] |= {*talk.packets, *talk.icmp_errors}
    if not any(mine.values()):
        return no_conversation(context)
    others = {
        name: tuple(packet.number for packet in facts.packets if packet.number not in mine[name])
        for name, facts in context.facts.items()
    }
    evidence = tuple(Reference(capture=name, packets=numbers) for name, numbers in others.items() if numbers)
    if not evidence:
        count = sum(len(numbers) for numbers in mine.values())
        return Finding(
            Status.PASSED,
            Message(N_("Every packet is of the exercise ({count})."), {"count": count}),
            tuple(Reference(capture=name, packets=tuple(sorted(numbers))) for name, numbers in mine.items()),
        )
    count = sum(len(reference.packets) for reference in evidence)
    found = Message(N_("Packets that are not of the exercise: {count}."), {"count": count})
    return Finding(Status.FAILED, found, evidence)


def no_conversation(context: Context) -> Finding:
    """Return the finding of a check whose conversation is in none of the captures."""
    text = N_("No capture of the exercise shows a conversation between {client} and {server}.")
    names = {"client": context.client or "?", "server": context.server or "?"}
    if not context.client:
        return Finding(Status.FAILED, Message(N_("No capture of the exercise shows a conversation.")))
    return Finding(Status.FAILED, Message(text, names), tuple(Reference(capture=id) for id in context.facts))


def _transport(chosen: Chosen) -> Params:
    return {"transport": chosen.conversation.transport.upper()}


def _passed(chosen: Chosen, found: Message, *packets: int) -> Finding:
    return _finding(Status.PASSED, chosen, found, packets)


def _failed(chosen: Chosen, found: Message, *packets: int) -> Finding:
    return _finding(Status.FAILED, chosen, found, packets)


def _finding(status: Status, chosen: Chosen, found: Message, packets: tuple[int, ...]) -> Finding:
    words = both(found, chosen.note) if chosen.note != NOTHING else found
    return Finding(status, words, chosen.refer(*packets))
