"""Know the conversations of other seats: a capture of another student's seat is no capture of one's own PC.

A seat has networks of its own, and the course's register has those of every seat. A seat is in the register
before anybody can record on it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from sharklab.evidence.packets.model import Conversation
from sharklab.lab import seat
from sharklab.lab.model import Seat


@dataclass(frozen=True)
class OtherSeats:
    """The addresses of a student's own seat, and the networks of all other seats of the course."""

    own: frozenset[str]
    networks: frozenset[IPv4Network | IPv6Network]

    def have(self, talk: Conversation) -> bool:
        """Tell whether both ends of a conversation are in the networks of other seats."""
        return all(self._has(end.address) for end in (talk.client, talk.server))

    def _has(self, address: str) -> bool:
        ip = ip_address(address)
        return any(
            ip_network((ip, length), strict=False) in self.networks
            for length in self._lengths
            if length <= ip.max_prefixlen
        )

    @cached_property
    def _lengths(self) -> Collection[int]:
        return {network.prefixlen for network in self.networks}


def of(own: Seat) -> OtherSeats:
    """Return the seats that a course knows beside `own`. Raises MachineryError for a damaged register."""
    places = [at for by_network in own.addresses.values() for at in by_network.values()]
    addresses = frozenset(str(ip.ip) for at in places for ip in (at.ipv4, at.ipv6))
    return OtherSeats(addresses, seat.networks_of_others(own))
