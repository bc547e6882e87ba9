"""The part of a cluster that belongs to one course: a project with limits, and a pool of networks.

Everything of the course is in this project, or has the id of the course in its name. So nothing of another
project is touched, and all of it can be found again.

    course/cluster.json      the remote that the course uses, and the id of the course on it
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.hosts.providers.cluster import client, record
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.model import Instance, Member, MemberStatus
from sharklab.hosts.providers.cluster.networks import Networks
from sharklab.lab.model import Plan
from sharklab.message import N_, Message

PATIENCE = 600.0
"""Seconds to wait for another command that works on the parts that all seats of the course share."""

MEMORY_OF_HOST = 91 * 2**20
"""Bytes of memory for a host, with the caches of three members (benchmarks/cluster.py).

On one computer the hosts share the files of their image. Here each has a copy, and a cache of its own.
"""

PROJECT = {
    "features.images": "true",
    "features.profiles": "true",
    "features.storage.volumes": "true",
    "restricted": "true",
    "restricted.cluster.target": "allow",  # the hosts of a seat go to one member
    "restricted.containers.privilege": "isolated",  # each host has users of its own
    "restricted.devices.nic": "allow",  # the management network has no bridge
    "restricted.devices.unix-char": "allow",  # /dev/fuse, for NFS clients
    "restricted.snapshots": "allow",  # the start state of a host
}
"""All other things are blocked in a restricted project: devices of the machine, nesting, lower levels."""

MOST = ("limits.containers", "limits.virtual-machines")

DEFAULT = "default"
"""The name of the project that has the bridges, and of the usual storage pool."""

CREATED = "Created"
"""The status of a network, or of a storage pool, that is whole."""

BRIDGE = {"ipv4.address": "none", "ipv6.address": "none"}
"""A bridge without an address, a DHCP server or access to the Internet: it joins the hosts of one seat."""

SEAT, HOST, LAB, STUDENT = (f"user.sharklab.{name}" for name in ("seat", "host", "lab", "student"))
"""The keys of an instance that name its seat."""


@dataclass(frozen=True)
class Course:
    """A course on a cluster; `client` is in the project of the course."""

    client: Client
    remote: str
    id: str

    @property
    def project(self) -> str:
        """The name of the project."""
        return f"sharklab-{self.id}"

    def network(self, number: int) -> str:
        """Return the name of a network of the pool; a bridge's name has at most 15 characters."""
        return f"sl{self.id}n{number}"

    def pool(self) -> str:
        """Return the storage pool for the disks: that named `default`, else the first.

        Raises MachineryError.
        """
        names = [one.name for one in self.client.pools.all() if one.status == CREATED]
        if not names:
            raise MachineryError(
                N_("the cluster has no storage pool"),
                place=Message(N_("the cluster")),
                hint=N_("make one; docs/cluster.md has the commands"),
            )
        return DEFAULT if DEFAULT in names else names[0]

    @property
    def bridges(self) -> Networks:
        """The networks of the cluster: bridges belong to the default project."""
        return self.client.in_project(DEFAULT).networks

    def network_names(self) -> set[str]:
        """Return the names of the networks of the pool that are there; one may be made by half."""
        return {name for name in self.bridges.names() if name.startswith(self.network(0)[:-1])}


def file() -> Path:
    """Return the file that names the remote and the id."""
    return state.root() / "course" / "cluster.json"


def use(remote: str) -> None:
    """Let the course use this remote from now on. Raises InputError while its project is on another."""
    known = _read()
    if known and known["remote"] != remote:
        raise InputError(
            N_("the seats of this course are on the remote {known!r}"),
            place="--remote",
            hint=N_("remove them first: sharklab down --all"),
            known=known["remote"] or "local",
        )
    if not known:
        _write(remote)


def find_course() -> Course | None:
    """Return the course if it has used a cluster, else None; nothing is asked of the cluster."""
    found = _read()
    return _of(found["remote"], found["id"]) if found else None


def of_record(own: record.SeatRecord) -> Course:
    """Return the course that a seat belongs to."""
    return _of(own.remote, own.project.removeprefix("sharklab-"))


def begin() -> Course:
    """Return the course; its project is made now if it is missing. Raises MachineryError and InputError."""
    found = _read() or _write("")
    own = _of(found["remote"], found["id"])
    if own.project not in _begun:
        with lock():
            _ensure_project(own)
        _begun.add(own.project)
    return own


@contextmanager
def lock() -> Iterator[None]:
    """Hold the parts that all seats of the course share. Raises Busy."""
    with state.lock(state.root() / "locks" / "cluster", Message(N_("the cluster")), PATIENCE):
        yield


def _of(remote: str, own_id: str) -> Course:
    connected = _connect(remote)
    return Course(connected.in_project(f"sharklab-{own_id}"), remote, own_id)


_begun: set[str] = set()
"""Projects that this process has made, or has given today's limits."""

_clients: dict[str, Client] = {}


def _connect(remote: str) -> Client:
    """Return the connection of this process to a remote."""
    if remote not in _clients:
        _clients[remote] = client.connect(remote)
    return _clients[remote]


def _read() -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads(file().read_text(encoding="utf-8"))
        return {"remote": found["remote"], "id": found["id"]}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise MachineryError(
            N_("the note about the cluster of the course is damaged"),
            place=str(file()),
            hint=N_("remove this file when no seat is up"),
        ) from error


def _write(remote: str) -> dict[str, str]:
    content = {"remote": remote, "id": secrets.token_hex(4)}
    state.folder(file().parent)
    state.write(file(), json.dumps(content))
    return content


def _ensure_project(own: Course) -> None:
    """Make the project, or give it today's limits: a member that joined makes room for more hosts.

    The limit never falls: the hosts of a member that is gone may still count.
    """
    projects = own.client.projects
    there = projects.find(own.project)
    before = max(int(there.config.get(key, 0)) for key in MOST) if there else 0
    config = {**PROJECT, **dict.fromkeys(MOST, str(max(before, _room(own))))}
    if there is None:
        projects.create(own.project, config=config, description="sharklab")
    elif any(there.config.get(key) != value for key, value in config.items()):
        projects.update(own.project, {**there.config, **config})


def _room(own: Course) -> int:
    """Return the number of hosts for which the members have memory."""
    open_to_seats = [member.name for member in own.client.members.all() if member.takes_seats]
    with ThreadPoolExecutor(max(1, len(open_to_seats))) as pool:
        total = sum(found.memory_total for found in pool.map(own.client.members.resources, open_to_seats))
    return max(1, total // MEMORY_OF_HOST)


def take_networks(own: Course, plan: Plan, members: Sequence[Member]) -> dict[str, str]:
    """Return a free network of the pool for each network of the lab, by its name.

    The caller holds `lock`, and notes them in the record of the seat. One that is not there yet is made by
    `ensure_networks`. Raises MachineryError when networks have to be made and a member is down.
    """
    used = {name for seat in record.all_records() for name in seat.networks.values()}
    there = own.network_names()
    free = [name for name in sorted(there - used) if own.bridges.get(name).status == CREATED]
    numbers = (number for number in range(10_000) if own.network(number) not in there | used)
    by_network = {
        network.name: free.pop(0) if free else own.network(next(numbers)) for network in plan.lab.networks
    }
    if not there.issuperset(by_network.values()):
        _refuse_dead(members)
    return by_network


def ensure_networks(own: Course, names: Iterable[str], members: Sequence[Member]) -> None:
    """Make those of the networks of a seat that are missing. A command that was interrupted is finished.

    Several seats may do so at once: each has networks of its own.
    """
    there = own.network_names()
    for name in names:
        if name in there and own.bridges.get(name).status == CREATED:
            continue
        _refuse_dead(members)
        if name in there:
            own.bridges.delete(name)
        at = [member.name for member in members]
        own.bridges.create(name, at, config=BRIDGE, description=f"sharklab {own.id}")


def list_dead(members: Sequence[Member]) -> list[str]:
    """Return the names of the members that are down."""
    return [member.name for member in members if member.status is MemberStatus.OFFLINE]


def _refuse_dead(members: Sequence[Member]) -> None:
    """Raise MachineryError when a member is down: the engine would make a network by half."""
    if down := list_dead(members):
        raise MachineryError(
            N_("no free network is left for a seat, and none can be made while {members} is down"),
            place=Message(N_("the cluster")),
            hint=N_("start this member, remove it from the cluster, or take a seat down"),
            members=", ".join(down),
        )


def strays(own: Course, instances: Sequence[Instance]) -> list[Instance]:
    """Return the instances of the project that no seat of this state folder has any more."""
    known: set[str] = set()
    for one in record.all_records():
        if one.project == own.project:
            known |= one.names()
    return [one for one in instances if one.name not in known]
