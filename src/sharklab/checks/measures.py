"""Answers measured in captures: values, each with the capture and packets that show it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sharklab.checks.choose import choose
from sharklab.checks.context import Context
from sharklab.checks.outcome import Reference
from sharklab.checks.scanned import scan_of

Measure = tuple[str, Reference]
"""A value, and where it was read."""


def client_sequence(context: Context) -> Iterator[Measure]:
    """Yield the client's initial sequence number, as it is on the wire."""
    chosen = choose(context)
    if chosen and chosen.conversation.transport == "tcp":
        syn = chosen.conversation.packets[0]
        yield str(chosen.conversation.client_start), chosen.refer(syn)[0]


def client_bytes(context: Context) -> Iterator[Measure]:
    """Yield how many bytes of data the client sent, each counted once."""
    chosen = choose(context)
    if chosen:
        talk = chosen.conversation
        mine = [n for n in talk.data_packets if chosen.facts.packet(n).source == talk.client]
        yield str(talk.client_bytes), chosen.refer(*mine)[0]


def service(context: Context) -> Iterator[Measure]:
    """Yield the protocol that tshark tells from the first data that it knows, whatever the port is."""
    chosen = choose(context)
    if chosen:
        packets = map(chosen.facts.packet, chosen.conversation.data_packets)
        known = (p for p in packets if p.protocol.upper() != chosen.conversation.transport.upper())
        yield from ((p.protocol, chosen.refer(p.number)[0]) for p in islice(known, 1))


def open_ports(context: Context) -> Iterator[Measure]:
    """Yield the ports of the server that accept, of each capture that shows a SYN to one."""
    for name, facts in context.facts.items():
        seen = scan_of(context, facts)
        if seen.asked:
            packets = tuple(sorted(seen.accepted.values()))
            yield ", ".join(map(str, sorted(seen.accepted))), Reference(capture=name, packets=packets)


def busiest(context: Context) -> Iterator[Measure]:
    """Yield the capture that holds the most packets."""
    if context.facts:
        name = max(context.facts, key=lambda name: len(context.facts[name].packets))
        yield name, Reference(capture=name)
