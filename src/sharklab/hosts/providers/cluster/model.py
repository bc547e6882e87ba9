"""The things of an engine, as plain data: only the parts that sharklab uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class InstanceKind(StrEnum):
    """The kind of an instance, in the engine's words."""

    CONTAINER = "container"
    VIRTUAL_MACHINE = "virtual-machine"
    UNKNOWN = ""
    """The member of the instance does not answer."""


class Power(StrEnum):
    """The state of an instance. `LOST`: its member does not answer, so nobody knows more."""

    RUNNING = "Running"
    STOPPED = "Stopped"
    FROZEN = "Frozen"
    LOST = "Error"
    OTHER = "other"

    @classmethod
    def of(cls, said: str) -> Power:
        """Return the state that the engine names `said`."""
        return next((one for one in cls if one.value == said), cls.OTHER)


SCHEDULER, EVERYTHING = "scheduler.instance", "all"
"""The key of a member that says what the engine's own scheduler puts there, and its usual value."""


class MemberStatus(StrEnum):
    """The state of a member, in the engine's words."""

    ONLINE = "Online"
    OFFLINE = "Offline"
    EVACUATED = "Evacuated"
    BLOCKED = "Blocked"
    OTHER = "other"

    @classmethod
    def of(cls, said: str) -> MemberStatus:
        """Return the state that the engine names `said`."""
        return next((one for one in cls if one.value == said), cls.OTHER)


@dataclass(frozen=True)
class Server:
    """The engine that answered."""

    engine: str
    """`lxd` or `incus`."""

    version: str
    name: str
    """The name of the member that answered."""

    trusted: bool
    """Whether this client may use the API; else nearly all calls are refused."""

    kernel: str
    drivers: Sequence[str]
    """Kinds of instances that this member can run: `lxc` (containers), `qemu` (virtual machines)."""

    features: frozenset[str]
    """Features of the kernel that the engine found, for example `idmapped_mounts`."""

    config: Mapping[str, str]


@dataclass(frozen=True)
class Member:
    """A machine of the cluster."""

    name: str
    status: MemberStatus
    said: str
    """The engine's own words about the status."""

    address: str
    """`https://203.0.113.5:8443`; empty for a server without a cluster."""

    architecture: str
    config: Mapping[str, str]
    silence: float = 0.0
    """Seconds since its last heartbeat, if the engine calls it offline and says so."""

    @property
    def ready(self) -> bool:
        """Whether instances can be put on it."""
        return self.status is MemberStatus.ONLINE

    @property
    def takes_seats(self) -> bool:
        """Whether new seats may go there. Its administrator can keep it for instances that name it."""
        return self.ready and self.config.get(SCHEDULER, EVERYTHING) == EVERYTHING


@dataclass(frozen=True)
class Resources:
    """The hardware of a member. Memory is in bytes."""

    memory_total: int
    memory_used: int
    processors: int

    @property
    def memory_free(self) -> int:
        """Bytes that no program uses; the kernel's caches count as free."""
        return self.memory_total - self.memory_used


@dataclass(frozen=True)
class Instance:
    """A container or a virtual machine. Of a LOST one, only the name and the member are known."""

    name: str
    kind: InstanceKind
    power: Power
    member: str
    """The member that it lies on; `none` for a server without a cluster."""

    project: str
    config: Mapping[str, str]
    """Its own configuration, with `user.*` and `volatile.*`; without that of profiles."""

    devices: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class InstanceUsage:
    """The part of its member that an instance has now. Memory is in bytes."""

    memory: int
    addresses: Mapping[str, Sequence[str]]
    """By interface: its addresses, with their prefix lengths, without the link-local ones."""


@dataclass(frozen=True)
class Ran:
    """The result of a command in an instance."""

    code: int
    output: bytes
    errors: bytes


@dataclass(frozen=True)
class StoredImage:
    """An image in the store of the cluster. Its size is in bytes."""

    fingerprint: str
    kind: InstanceKind
    size: int


@dataclass(frozen=True)
class EngineNetwork:
    """A network: one of the engine's own if `managed`, else an interface of a member."""

    name: str
    type: str
    """`bridge`, `ovn`, `physical` and so on."""

    managed: bool
    status: str
    """`Created`, `Pending`, `Errored`, `Unavailable`."""

    config: Mapping[str, str]
    members: Sequence[str]


@dataclass(frozen=True)
class Pool:
    """A storage pool."""

    name: str
    driver: str
    status: str
    config: Mapping[str, str]
    members: Sequence[str]

    @property
    def clones(self) -> bool:
        """Whether a copy shares the blocks of its source; `dir` and `lvm` without thin volumes copy all."""
        thick = self.driver == "lvm" and self.config.get("lvm.use_thinpool") == "false"
        return self.driver != "dir" and not thick


@dataclass(frozen=True)
class Space:
    """The space of a storage pool on one member, in bytes."""

    total: int
    used: int


@dataclass(frozen=True)
class Project:
    """A project: instances, images and profiles of its own."""

    name: str
    config: Mapping[str, str]


Plain = Mapping[str, Any]
"""An object of the engine's JSON."""
