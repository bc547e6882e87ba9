"""Tell who is the client of a conversation, and whether that is sure.

A SYN tells it, and so do contents that one side alone sends. Without both, the addresses and the ports make
one side likelier. The lower port alone tells nothing: a client of NFS takes a port below 1024.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.model import Endpoint, Packet, Role

_EPHEMERAL = 32768
"""Systems give a client a port from here on: Linux from 32768, others from 49152 (RFC 6335, section 6)."""


@dataclass(frozen=True)
class Sides:
    """The two ends of a conversation. `sure` is false when they are only likely so."""

    client: Endpoint
    server: Endpoint
    sure: bool


def sides(packets: Sequence[Packet]) -> Sides:
    """Return the sides of a conversation: by SYN, contents, addresses, ports, else by order."""
    first = next((packet for packet in packets if "SYN" in packet.flags), None)
    if first:
        return _find_sides(Role.SERVER if tcp.is_syn_ack(first) else Role.CLIENT, first, sure=True)
    told = {_find_sides(packet.role, packet, sure=True): None for packet in packets if packet.role}
    if len(told) == 1:
        return next(iter(told))
    speaker = packets[0]
    turned = _inside(speaker) < 0 or (_inside(speaker) == 0 and _compare_ports(speaker) < 0)
    return _find_sides(Role.SERVER if turned else Role.CLIENT, speaker, sure=False)


def _find_sides(role: Role, packet: Packet, sure: bool) -> Sides:
    ends = (packet.source, packet.destination)
    client, server = ends[::-1] if role is Role.SERVER else ends
    return Sides(client, server, sure)


def _inside(packet: Packet) -> int:
    """Return 1 when the sender alone has an address of an inner network, -1 when the receiver alone has."""
    return _is_inner(packet.source.address) - _is_inner(packet.destination.address)


def _compare_ports(packet: Packet) -> int:
    """Return 1 when the sender alone has a port that systems give to clients, -1 when the receiver has."""
    return (packet.source.port >= _EPHEMERAL) - (packet.destination.port >= _EPHEMERAL)


@lru_cache(maxsize=4096)
def _is_inner(address: str) -> bool:
    """Tell whether the address is of an inner network (RFC 1918, RFC 4193); that of a group is called."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return not known.is_global and not known.is_multicast
