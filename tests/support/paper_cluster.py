"""A cluster on paper: its members, instances and networks, with the functions of a client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sharklab.hosts.providers.cluster.errors import EngineRefusal, NotFound, Unreachable
from sharklab.hosts.providers.cluster.model import (
    EngineNetwork,
    Instance,
    InstanceKind,
    Member,
    MemberStatus,
    Pool,
    Power,
    Project,
    Ran,
    Resources,
    Server,
    StoredImage,
)

GIB = 2**30


@dataclass
class PaperCluster:
    """A client of a cluster; its parts are the client itself, by the names of their functions.

    `calls` are the changes in their order. A member that is not online does nothing.
    """

    status: dict[str, MemberStatus] = field(default_factory=dict)
    found: dict[str, Instance] = field(default_factory=dict)
    bridges: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    known: dict[str, Project] = field(default_factory=dict)
    snapshots: set[tuple[str, str]] = field(default_factory=set)
    pushed: dict[str, bytes] = field(default_factory=dict)
    templates: dict[str, bytes] = field(default_factory=dict)
    machines_on: set[str] = field(default_factory=set)
    """Members that can run virtual machines."""
    scheduler: dict[str, str] = field(default_factory=dict)
    """The members that are kept for other instances, by `scheduler.instance`."""
    engine: str = "lxd"
    calls: list[str] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    """Members whose heartbeat is late: they answer, and are online again after that."""
    silence: float = 0.0
    """Seconds since the last heartbeat of the members that are offline."""
    half_made: set[str] = field(default_factory=set)
    """Networks that an interrupted command left."""
    project: str = "default"

    @property
    def instances(self) -> Instances:
        """The instances."""
        return Instances(self)

    @property
    def members(self) -> Members:
        """The members."""
        return Members(self)

    @property
    def networks(self) -> Networks:
        """The networks."""
        return Networks(self)

    @property
    def images(self) -> Images:
        """The images."""
        return Images(self)

    @property
    def projects(self) -> Projects:
        """The projects."""
        return Projects(self)

    @property
    def pools(self) -> Pools:
        """The storage pools."""
        return Pools()

    def in_project(self, name: str) -> PaperCluster:
        """Return this cluster: a test has one course."""
        return self

    def server(self, member: str = "m1") -> Server:
        """Return the engine of a member."""
        drivers = ("lxc", "qemu") if member in self.machines_on else ("lxc",)
        return Server(self.engine, "5", member, True, "", drivers, frozenset(), {})

    def where(self, host: str) -> str:
        """Return the member of the newest instance of a host."""
        return [one.member for one in self.found.values() if one.config["user.sharklab.host"] == host][-1]


@dataclass(frozen=True)
class Instances:
    """The instances of a cluster on paper."""

    on: PaperCluster

    def all(self) -> list[Instance]:
        """Return them; those of a dead member are lost."""
        return [self._seen(one) for one in self.on.found.values()]

    def _seen(self, one: Instance) -> Instance:
        if self.on.status.get(one.member) is MemberStatus.OFFLINE:
            return replace(one, power=Power.LOST, config={})
        return one

    def get(self, name: str) -> Instance:
        """Return one."""
        if name not in self.on.found:
            raise NotFound(name)
        return self._seen(self.on.found[name])

    def create(
        self,
        name: str,
        source: object,
        *,
        member: str,
        kind: InstanceKind,
        config: Mapping[str, str],
        devices: Mapping[str, Any],
    ) -> None:
        """Make one."""
        self._note("create", name)
        self.on.found[name] = Instance(name, kind, Power.STOPPED, member, "p", dict(config), devices)

    def push(self, name: str, where: str, content: bytes) -> None:
        """Write a file."""
        self.on.pushed[name] = content

    def put_template(self, name: str, template: str, content: bytes) -> None:
        """Write a template."""
        self.on.templates[name] = content

    def start(self, name: str, *, limit: float = 60.0) -> None:
        """Start one."""
        config = {**self.on.found[name].config, "volatile.last_state.power": "RUNNING"}
        self._set("start", name, power=Power.RUNNING, config=config)

    def stop(self, name: str, *, force: bool = True) -> None:
        """End one."""
        self._set("stop", name, power=Power.STOPPED)

    def freeze(self, name: str) -> None:
        """Let one sleep."""
        self._set("freeze", name, power=Power.FROZEN)

    def unfreeze(self, name: str) -> None:
        """Wake one."""
        self._set("unfreeze", name, power=Power.RUNNING)

    def move(self, name: str, member: str) -> None:
        """Move one that does not run."""
        if self.on.found[name].power is not Power.STOPPED:
            raise EngineRefusal("it runs")
        self._set("move", name, member=member)

    def delete(self, name: str) -> None:
        """Remove one."""
        self._note("delete", name)
        self.on.found.pop(name, None)

    def snapshot(self, name: str, snapshot: str) -> None:
        """Keep the disk of one."""
        self.on.snapshots.add((name, snapshot))

    def delete_snapshot(self, name: str, snapshot: str) -> None:
        """Forget a disk that was kept."""
        self.on.snapshots.discard((name, snapshot))

    def has_snapshot(self, name: str, snapshot: str) -> bool:
        """Tell whether a disk was kept."""
        return (name, snapshot) in self.on.snapshots

    def put_back(self, name: str, snapshot: str) -> None:
        """Put a disk back."""
        self._note("put_back", name)

    def run(self, name: str, argv: Sequence[str], *, limit: float = 60.0) -> Ran:
        """Answer the question whether a host has booted."""
        if argv == ["sync"]:
            self._note("sync", name)
        return Ran(0, b"running\n", b"")

    def _set(self, what: str, name: str, **values: Any) -> None:
        self._note(what, name)
        self.on.found[name] = replace(self.on.found[name], **values)

    def _note(self, what: str, name: str) -> None:
        self.on.calls.append(f"{what} {name}")


@dataclass(frozen=True)
class Members:
    """The members of a cluster on paper."""

    on: PaperCluster

    def all(self) -> list[Member]:
        """Return them."""
        return [
            Member(name, status, "", "", "", self._config(name), self.on.silence)
            for name, status in self.on.status.items()
        ]

    def _config(self, name: str) -> dict[str, str]:
        return {"scheduler.instance": self.on.scheduler[name]} if name in self.on.scheduler else {}

    def resources(self, name: str, *, limit: float = 0.0) -> Resources:
        """Return the same memory for each; one that is asked although it is called offline is late."""
        if self.on.status[name] is MemberStatus.OFFLINE:
            if name not in self.on.late:
                raise Unreachable("no answer")
            self.on.status[name] = MemberStatus.ONLINE
        return Resources(8 * GIB, 4 * GIB, 2)


@dataclass(frozen=True)
class Networks:
    """The networks of a cluster on paper."""

    on: PaperCluster

    def all(self) -> list[EngineNetwork]:
        """Return them."""
        return [self.get(name) for name in self.on.bridges]

    def names(self) -> set[str]:
        """Return their names."""
        return set(self.on.bridges)

    def get(self, name: str) -> EngineNetwork:
        """Return one; one that is half made is pending."""
        status = "Pending" if name in self.on.half_made else "Created"
        return EngineNetwork(name, "bridge", True, status, {}, ())

    def create(
        self, name: str, members: Iterable[str], *, config: Mapping[str, str], description: str
    ) -> None:
        """Make one on all members."""
        if any(self.on.status[member] is MemberStatus.OFFLINE for member in members):
            raise Unreachable("a member is down")
        self.on.bridges.append(name)

    def delete(self, name: str) -> None:
        """Remove one."""
        self.on.bridges.remove(name)
        self.on.half_made.discard(name)


@dataclass(frozen=True)
class Images:
    """The images of a cluster on paper: their names alone."""

    on: PaperCluster

    def find(self, alias: str) -> StoredImage | None:
        """Return the one of that name."""
        return StoredImage(alias, InstanceKind.CONTAINER, 1) if alias in self.on.names else None

    def add(self, alias: str, *files: object, **more: object) -> None:
        """Import one."""
        self.on.names.add(alias)

    def all(self) -> list[StoredImage]:
        """Return them."""
        return [StoredImage(name, InstanceKind.CONTAINER, 1) for name in self.on.names]

    def delete(self, fingerprint: str) -> None:
        """Remove one."""
        self.on.names.discard(fingerprint)


@dataclass(frozen=True)
class Projects:
    """The projects of a cluster on paper."""

    on: PaperCluster

    def find(self, name: str) -> Project | None:
        """Return the one of that name."""
        return self.on.known.get(name)

    def create(self, name: str, *, config: Mapping[str, str], description: str) -> None:
        """Make one."""
        self.on.known[name] = Project(name, config)

    def update(self, name: str, config: Mapping[str, str]) -> None:
        """Change one."""
        self.on.known[name] = replace(self.on.known[name], config=config)

    def delete(self, name: str) -> None:
        """Remove one."""
        self.on.known.pop(name, None)


class Pools:
    """The storage pool of a cluster on paper."""

    def all(self) -> list[Pool]:
        """Return it."""
        return [Pool("local", "btrfs", "Created", {}, ())]
