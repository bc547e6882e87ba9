"""Networks of a cluster. A bridge lies on every member, and its hosts meet only on the same member.

While a member is down, LXD 5.0.2 makes a network by half. The half one keeps new members from joining, and
cannot be deleted. So look whether all members are `ready` before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from sharklab.hosts.providers.cluster.errors import NotFound
from sharklab.hosts.providers.cluster.members import ALONE
from sharklab.hosts.providers.cluster.model import EngineNetwork, Plain
from sharklab.hosts.providers.cluster.transport import Transport, path

NETWORK_SECONDS = 60.0


class Networks:
    """The networks of one project."""

    def __init__(self, transport: Transport, project: str) -> None:
        self._transport = transport
        self._project = project

    def all(self) -> Sequence[EngineNetwork]:
        """Return the networks of the project, and the interfaces of the member that answers."""
        found = self._transport.get("/1.0/networks", recursion=1, project=self._project)
        return sorted(map(_network, found), key=lambda one: one.name)

    def names(self) -> set[str]:
        """Return the names of what `all` returns; the engine does not look for their users then."""
        found = self._transport.get("/1.0/networks", project=self._project)
        return {unquote(urlsplit(one).path.rpartition("/")[2]) for one in found}

    def get(self, name: str) -> EngineNetwork:
        """Return one network. Raises NotFound."""
        return _network(self._transport.get(path("networks", name), project=self._project))

    def create(
        self,
        name: str,
        members: Iterable[str],
        *,
        config: Mapping[str, str] | None = None,
        description: str = "",
    ) -> None:
        """Make a bridge on all `members`, which must be every member of the cluster, and all Online.

        Raises AlreadyThere for a network of that name, and EngineRefusal while a member is down.
        """
        for member in members:
            if member != ALONE:
                self._post({"name": name, "type": "bridge", "config": {}}, target=member)
        self._post({"name": name, "type": "bridge", "config": dict(config or {}), "description": description})

    def _post(self, body: Plain, **where: str) -> None:
        self._transport.change(
            "POST", "/1.0/networks", body, limit=NETWORK_SECONDS, project=self._project, **where
        )

    def delete(self, name: str) -> None:
        """Remove a network that no instance uses; one that is gone already is no error."""
        with suppress(NotFound):
            self._transport.change(
                "DELETE", path("networks", name), limit=NETWORK_SECONDS, project=self._project
            )


def _network(said: Plain) -> EngineNetwork:
    return EngineNetwork(
        name=said["name"],
        type=said["type"],
        managed=bool(said.get("managed")),
        status=said.get("status", ""),
        config=said.get("config") or {},
        members=tuple(said.get("locations") or ()),
    )
