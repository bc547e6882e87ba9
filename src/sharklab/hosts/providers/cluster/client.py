"""The engine's API as typed functions, grouped by their things: members, instances, images, networks.

    with client.connect(remote) as engine:
        course = engine.in_project("sharklab-tp")
        course.instances.create("alice-server", FromImage("tp4-server"), member="m1", config={...})
        course.instances.start("alice-server")

Every function may raise EngineRefusal, NotFound, AlreadyThere, Unreachable and TooLate (`errors`), and says
its time limit. Limits are in seconds. Threads may share a client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from sharklab.hosts.providers.cluster import endpoint as endpoints
from sharklab.hosts.providers.cluster.images import Images
from sharklab.hosts.providers.cluster.instances import Instances
from sharklab.hosts.providers.cluster.members import ALONE, Members, target
from sharklab.hosts.providers.cluster.model import Server
from sharklab.hosts.providers.cluster.networks import Networks
from sharklab.hosts.providers.cluster.pools import Pools
from sharklab.hosts.providers.cluster.projects import Projects
from sharklab.hosts.providers.cluster.transport import Transport

DEFAULT_PROJECT = "default"


@dataclass(frozen=True)
class Client:
    """A connection to one engine, whose instances and images are those of one project."""

    transport: Transport
    project: str = DEFAULT_PROJECT

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.transport.close()

    def in_project(self, name: str) -> Client:
        """Return this client for the instances and images of project `name`."""
        return Client(self.transport, name)

    @property
    def instances(self) -> Instances:
        """Containers and virtual machines of the project."""
        return Instances(self.transport, self.project)

    @property
    def images(self) -> Images:
        """Images of the project."""
        return Images(self.transport, self.project)

    @property
    def networks(self) -> Networks:
        """Networks of the project; bridges are always in the default project."""
        return Networks(self.transport, self.project)

    @property
    def members(self) -> Members:
        """The machines of the cluster."""
        return Members(self.transport)

    @property
    def pools(self) -> Pools:
        """Storage pools of the cluster."""
        return Pools(self.transport)

    @property
    def projects(self) -> Projects:
        """Projects of the cluster."""
        return Projects(self.transport)

    def server(self, member: str = ALONE) -> Server:
        """Return the engine that answers, or that of a member: its version and features."""
        said = self.transport.get("/1.0", **target(member))
        about = said.get("environment", {})
        features: Mapping[str, str] = about.get("kernel_features") or {}
        return Server(
            engine=about.get("server", ""),
            version=about.get("server_version", ""),
            name=about.get("server_name", ""),
            trusted=said.get("auth") == "trusted",
            kernel=about.get("kernel_version", ""),
            drivers=tuple(part.strip() for part in about.get("driver", "").split("|") if part.strip()),
            features=frozenset(name for name, there in features.items() if there == "true"),
            config=said.get("config") or {},
        )


def connect(remote: str = "") -> Client:
    """Return a client of `remote`, or of the engine on this machine; nothing is asked yet.

    Raises InputError for an unknown remote, MachineryError when no engine runs on this machine.
    """
    return Client(Transport(endpoints.find(remote)))
