"""Say what the packets of one port have in common: how a client knocked there, and what came back.

A port of a matrix belongs to one tool, so all packets to and from it, and the ICMP errors about them, are
that tool's; it may have opened several connections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.model import Conversation, Facts, Packet

NONE, OTHER = "none", "other"
SYN_RST, SYN_ICMP, SYN_RETRIES = "syn_rst", "syn_icmp", "syn_retries"
HANDSHAKE, HANDSHAKE_FIN, HANDSHAKE_RST = "handshake", "handshake_fin", "handshake_rst"
SYNACK_RST = "synack_rst"
UDP_ICMP, UDP_SILENCE, UDP_ANSWER = "udp_icmp", "udp_silence", "udp_answer"

_TELLING = (
    *(HANDSHAKE_RST, HANDSHAKE_FIN, HANDSHAKE, SYNACK_RST, SYN_RST, SYN_ICMP, SYN_RETRIES),
    *(UDP_ANSWER, UDP_ICMP, UDP_SILENCE, OTHER),
)
"""All patterns of one conversation; of several conversations the first in this order stands for all."""


@dataclass(frozen=True)
class Pattern:
    """The pattern of a port's packets.

    `count` is how many SYNs or datagrams the client sent and `intervals` the seconds between them;
    `icmp` is type and code of the ICMP error (RFC 792), if one came.
    """

    name: str = NONE
    count: int = 0
    icmp: tuple[int, int] | None = None
    intervals: tuple[float, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.icmp[0]}/{self.icmp[1]}" if self.icmp else self.name

    def fits(self, expected: str) -> bool:
        """Tell whether this is the pattern that lab.yml writes, with or without type and code."""
        return expected in (self.name, str(self))


@dataclass(frozen=True)
class Knock:
    """The packets of one port, by number, and their pattern."""

    pattern: Pattern = Pattern()
    packets: tuple[int, ...] = ()


def knocks(facts: Facts, transport: str, address: str) -> Mapping[int, Knock]:
    """Return the packets to each port of `address` by `transport` (tcp or udp), and the answers."""
    ports: dict[int, list[Conversation]] = {}
    for talk in facts.conversations:
        if talk.transport == transport and (port := _port(talk, address)) is not None:
            ports.setdefault(port, []).append(talk)
    return {port: _knock(facts, talks) for port, talks in ports.items()}


def knock(facts: Facts, transport: str, address: str, port: int) -> Knock:
    """Return the packets to one port of `address`, and the answers; an empty knock if there are none."""
    talks = [t for t in facts.conversations if t.transport == transport and _port(t, address) == port]
    return _knock(facts, talks)


def _port(talk: Conversation, address: str) -> int | None:
    """Return the port of `address` in a conversation that has it as one of its ends, the server first."""
    ends = (end.port for end in (talk.server, talk.client) if end.address == address)
    return next(ends, None)


def _knock(facts: Facts, talks: Sequence[Conversation]) -> Knock:
    numbers = sorted({number for talk in talks for number in (*talk.packets, *talk.icmp_errors)})
    return Knock(pattern(facts, talks), tuple(numbers))


def pattern(facts: Facts, talks: Sequence[Conversation]) -> Pattern:
    """Return the pattern of the conversations that one port had."""
    if not talks:
        return Pattern()
    name = min((_name(facts, talk) for talk in talks), key=_TELLING.index)
    sent = sorted(packet.time for talk in talks for packet in _client_packets(facts, talk))
    errors = [facts.packet(number).icmp for talk in talks for number in talk.icmp_errors]
    refused = name in (SYN_ICMP, UDP_ICMP) and errors[0]
    return Pattern(
        name=name,
        count=len(sent),
        icmp=(refused.type, refused.code) if refused else None,
        intervals=tuple(later - earlier for earlier, later in pairwise(sent)),
    )


def _client_packets(facts: Facts, talk: Conversation) -> Iterable[Packet]:
    """Return the client's knocks: its SYNs, or its datagrams."""
    packets = (facts.packet(number) for number in talk.packets)
    return (p for p in packets if p.source == talk.client and (talk.transport == "udp" or tcp.is_syn(p)))


def _name(facts: Facts, talk: Conversation) -> str:
    return _udp(facts, talk) if talk.transport == "udp" else _tcp(facts, talk)


def _udp(facts: Facts, talk: Conversation) -> str:
    if any(facts.packet(number).source == talk.server for number in talk.packets):
        return UDP_ANSWER
    return UDP_ICMP if talk.icmp_errors else UDP_SILENCE


def _tcp(facts: Facts, talk: Conversation) -> str:
    if talk.handshake:
        return {"fin": HANDSHAKE_FIN, "rst": HANDSHAKE_RST}.get(talk.closed_by, HANDSHAKE)
    packets = [facts.packet(number) for number in talk.packets]
    if any(map(tcp.is_syn_ack, packets)):
        return SYNACK_RST if talk.reset_by == "client" else OTHER
    if not any(map(tcp.is_syn, packets)):
        return OTHER
    if talk.resets:
        return SYN_RST if talk.reset_by == "server" else OTHER
    return SYN_ICMP if talk.icmp_errors else SYN_RETRIES
