"""Choose the member of a seat: all hosts of a seat are on one, and seats are spread by free memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sharklab.errors import MachineryError
from sharklab.message import N_, Message

RESERVE = 256 * 2**20
"""Bytes of memory that a member keeps for itself."""


@dataclass(frozen=True)
class Candidate:
    """A member that can take seats: its free memory, and that of the hosts placed on it, in bytes."""

    member: str
    free: int
    placed: int


def choose(places: Iterable[Candidate], memory: int) -> str:
    """Return the member for a seat whose hosts take `memory` bytes.

    The emptiest has the smallest part of its room taken. Hosts that are placed count as taken although they
    may not run yet. Raises MachineryError when no member has the memory.
    """
    known = list(places)
    fitting = [place for place in known if place.free - RESERVE >= memory]
    if not fitting:
        raise MachineryError(
            N_("no member of the cluster has {needed} MiB of free memory for a seat ({free})"),
            place=Message(N_("the cluster")),
            hint=N_("take seats down, or let a machine join the cluster"),
            needed=(memory + RESERVE) // 2**20,
            free=", ".join(f"{place.member}: {place.free // 2**20} MiB" for place in known) or "-",
        )
    return min(fitting, key=lambda place: (_measure_use(place), -place.free)).member


def _measure_use(place: Candidate) -> float:
    """Return the part of a member's room that is taken."""
    return place.placed / (place.placed + place.free - RESERVE)


def room(free: Mapping[str, int], memory: int) -> int:
    """Return the number of hosts for which members with `free` bytes have memory."""
    return sum(max(0, bytes_free - RESERVE) // memory for bytes_free in free.values())
