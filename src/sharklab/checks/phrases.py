"""States of ports, verdicts of tools and patterns of packets, as lab.yml names them, in words for readers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from sharklab.evidence.packets.knocks import Pattern
from sharklab.message import N_, NN_, Message

BYTES = NN_("{count} byte", "{count} bytes")
DATAGRAMS = NN_("{count} datagram", "{count} datagrams")

STATES = {
    "closed": N_("closed"),
    "rejected": N_("rejected"),
    "reset": N_("rejected by RST"),
    "prohibited": N_("prohibited"),
    "dropped": N_("dropped"),
    "open": N_("open"),
}
"""A port may be so."""

VERDICTS = {
    "refused": N_("refused"),
    "unreachable": N_("unreachable"),
    "timeout": N_("timed out"),
    "connected": N_("connected"),
    "reset": N_("cut off"),
    "closed": N_("closed"),
    "filtered": N_("filtered"),
    "open": N_("open"),
    "open_filtered": N_("open or filtered"),
    "answered": N_("answered"),
    "silent": N_("no known message"),
}
"""A tool may say so; `silent` when nothing that it says fits."""

PATTERNS = {
    "none": N_("no packet"),
    "syn_rst": N_("SYN, then RST"),
    "syn_icmp": N_("SYN, then ICMP"),
    "syn_retries": N_("SYN without an answer"),
    "handshake": N_("handshake, left open"),
    "handshake_fin": N_("handshake, then FIN"),
    "handshake_rst": N_("handshake, then RST"),
    "synack_rst": N_("SYN, SYN/ACK, then RST"),
    "udp_icmp": N_("datagram, then ICMP"),
    "udp_silence": N_("datagram without an answer"),
    "udp_answer": N_("datagram and its answer"),
    "other": N_("something else"),
}
"""The packets of a port may be so (`sharklab.evidence.packets.knocks`)."""


STEPS = {
    "syn": N_("SYN"),
    "syn_ack": N_("SYN/ACK"),
    "ack": N_("ACK"),
    "end": N_("a FIN or a RST"),
    "one_side": N_("the FIN of one side"),
    "both_sides": N_("the FIN of each side"),
}
"""The steps of an opening and of a closing."""


def step(name: str) -> Message:
    """Return the words for a step of an opening or a closing."""
    return Message(STEPS[name])


def state(name: str) -> Message:
    """Return the word for a state of a port."""
    return Message(STATES[name])


def verdict(name: str) -> Message:
    """Return the word for what a tool says."""
    return Message(VERDICTS[name])


def packets(expected: str) -> Message:
    """Return the words for a pattern as lab.yml writes it: `syn_rst`, or `syn_icmp 3/13`."""
    name, _, detail = expected.partition(" ")
    words = Message(PATTERNS[name])
    return Message("{pattern} {detail}", {"pattern": words, "detail": detail}) if detail else words


def pattern(found: Pattern) -> Message:
    """Return the words for a pattern that was found, with how often the client knocked if more than once."""
    words = packets(str(found))
    if found.count < 2:
        return words
    return Message("{pattern} (×{count})", {"pattern": words, "count": found.count})


def either(choices: Iterable[Message]) -> Message:
    """Return "a or b or c"."""
    return reduce(
        lambda first, second: Message(N_("{first} or {second}"), {"first": first, "second": second}), choices
    )


def traffic(unit: str, client: int, server: int) -> dict[str, Message]:
    """Return the two sides of a conversation as values of a message: `BYTES` or `DATAGRAMS` of each."""
    return {"client": Message(unit, {"count": client}), "server": Message(unit, {"count": server})}
