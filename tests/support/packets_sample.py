"""Packets made by hand, and the facts that they show, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from sharklab.evidence.packets import facts
from sharklab.evidence.packets.model import (
    Conversation,
    DecodedCapture,
    Endpoint,
    Facts,
    Flow,
    Icmp,
    Option,
    Packet,
    Role,
)
from tests.support.capture_files import recording

DATA = Path(__file__).parents[1] / "data"

CLIENT, SERVER = "10.77.5.1", "10.77.5.2"


def packet(
    arrow: str,
    *flags: str,
    at: float = 0.0,
    ends: tuple[str, str] = (CLIENT, SERVER),
    local: int = 40000,
    port: int = 60000,
    seq: int = 0,
    ack: int = 0,
    payload: int = 0,
    window: int = 0,
    options: tuple[Option, ...] = (),
    role: Role = Role.OPEN,
) -> Packet:
    """Return a packet from the client (">") or from the server ("<"); without flags it is a datagram."""
    both = Endpoint(ends[0], local), Endpoint(ends[1], port)
    source, destination = both if arrow == ">" else both[::-1]
    return Packet(
        number=0,
        time=at,
        length=60,
        captured=60,
        protocol="",
        info="",
        transport="tcp" if flags else "udp",
        source=source,
        destination=destination,
        flags=flags,
        seq=seq,
        ack=ack,
        payload=payload,
        window=window,
        options=options,
        role=role,
    )


def error(about: Packet, type: int = 3, code: int = 3) -> Packet:
    """Return the ICMP error by which the receiver of a packet answers it."""
    flow = Flow(about.transport, about.source, about.destination)
    source, destination = (Endpoint(end.address, 0) for end in (about.destination, about.source))
    icmp = Icmp(type, code, flow)
    return replace(about, transport="icmp", flags=(), icmp=icmp, source=source, destination=destination)


def shown(packets: Iterable[Packet]) -> Facts:
    """Return the facts of a capture of these packets, numbered in their order."""
    return facts(DecodedCapture(tuple(replace(each, number=i) for i, each in enumerate(packets, 1))))


@cache
def recorded(name: str) -> Facts:
    """Return the facts of the recorded capture `name`."""
    return facts(recording(DATA / name))


def only(name: str) -> Conversation:
    """Return the one conversation of the recorded capture `name`."""
    [conversation] = recorded(name).conversations
    return conversation


def left(name: str, *numbers: int) -> Facts:
    """Return the facts of a recorded capture in which those packets were not captured."""
    return facts(DecodedCapture(tuple(p for p in recorded(name).packets if p.number not in numbers)))
