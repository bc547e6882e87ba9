"""The member of a seat: that of its hosts, else the emptiest one.

A member looks through all of its hardware when it is asked for its memory. So the answer counts for a while,
and the hosts that were placed there since then are taken off.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from sharklab.errors import MachineryError
from sharklab.hosts.providers.cluster import course, hosts, kinds, placement, record
from sharklab.hosts.providers.cluster.course import Course
from sharklab.hosts.providers.cluster.errors import EngineRefusal, Unreachable
from sharklab.hosts.providers.cluster.model import Instance, InstanceKind, Member
from sharklab.hosts.providers.cluster.record import SeatRecord
from sharklab.lab.model import Plan
from sharklab.message import N_, NN_, Message

LOOK_SECONDS = 30.0
"""Seconds for which an answer about the memory of a member counts."""

ASK_SECONDS = 10.0


@dataclass(frozen=True)
class MemoryLook:
    """The free memory of a member at a moment, and that of the hosts placed there then, in bytes."""

    at: float
    free: int
    placed: int


_looks: dict[tuple[str, str], MemoryLook] = {}
"""The last look at each member, by remote and name."""


def place(own: Course, plan: Plan, kind: InstanceKind) -> tuple[SeatRecord, Mapping[str, Instance]]:
    """Return the record of a seat with its member and networks, chosen now for a new one, and its instances.

    `kind` is that of its hosts.

    Where the engine moved the hosts, the record follows. A seat whose member takes no hosts goes elsewhere.
    """
    with course.lock():
        names = [host.name for host in plan.hosts]
        known = record.read(plan.seat.folder) or SeatRecord(
            plan.seat.id, own.project, own.remote, hosts=names, kind=kind
        )
        members = hosts.members(own)
        there = hosts.of_seat(own, known) if known.member else {}
        at = [there[name].member for host in plan.hosts if (name := known.instance(host.name)) in there]
        ready = {member.name for member in members if member.ready}
        usable = [member for member in at if member in ready]
        chosen = max(usable, key=usable.count) if usable else known.member
        if chosen not in ready:
            places = _places(own, _that_take(own, members, kind))
            chosen = placement.choose(places, len(plan.hosts) * kinds.MEMORY[kind])
        networks = known.networks or course.take_networks(own, plan, members)
        seat = replace(known, member=chosen, networks=networks)
        if seat != known:
            record.write(plan.seat.folder, seat)
    return seat, there


def _that_take(own: Course, members: Iterable[Member], kind: InstanceKind) -> list[str]:
    """Return the names of those members that take new seats of this kind."""
    names = sorted(member.name for member in members if member.takes_seats)
    return names if kind is InstanceKind.CONTAINER else sorted(kinds.able(own, names))


def make_room(plans: Sequence[Plan]) -> None:
    """Remove hosts that no seat has any more: those of a member that is back, whose seats are elsewhere.

    Raises MachineryError if the members have no memory for these new seats, which are of one lab.
    """
    own = course.begin()
    with course.lock():
        hosts.remove(own, course.strays(own, own.client.instances.all()))
    if not plans:
        return
    kind = kinds.of_seat(plans[0])
    free = {one.member: one.free for one in _places(own, _that_take(own, hosts.members(own), kind))}
    count, most = sum(len(plan.hosts) for plan in plans), placement.room(free, kinds.MEMORY[kind])
    if count > most:
        raise MachineryError(
            NN_(
                "the cluster has memory for {count} more host, and {needed} are needed",
                "the cluster has memory for {count} more hosts, and {needed} are needed",
            ),
            place=Message(N_("the cluster")),
            hint=N_("start fewer seats at once: --only NAME,NAME; or let a machine join the cluster"),
            count=most,
            needed=count,
        )


def _places(own: Course, ready: Sequence[str]) -> list[placement.Candidate]:
    """Return the members that can take a seat. One that does not answer in time is left out."""
    placed = Counter[str]()
    for one in record.all_records():
        placed[one.member] += len(one.hosts) * kinds.MEMORY[InstanceKind(one.kind)]
    if not ready:
        return []
    with ThreadPoolExecutor(len(ready)) as pool:
        found = pool.map(lambda name: _look(own, name, placed[name]), ready)
    return [
        placement.Candidate(name, one.free - (placed[name] - one.placed), placed[name])
        for name, one in zip(ready, found, strict=True)
        if one
    ]


def _look(own: Course, name: str, placed: int) -> MemoryLook | None:
    """Return the last look at a member, or a new one; None if the member does not answer in time."""
    key = (own.remote, name)
    known = _looks.get(key)
    if known and known.placed <= placed and time.monotonic() - known.at < LOOK_SECONDS:
        return known
    try:
        free = own.client.members.resources(name, limit=ASK_SECONDS).memory_free
    except (Unreachable, EngineRefusal):
        return None
    _looks[key] = MemoryLook(time.monotonic(), free, placed)
    return _looks[key]
