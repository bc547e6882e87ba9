"""Storage pools of a cluster; each member has a part of its own."""

from __future__ import annotations

from collections.abc import Sequence

from sharklab.hosts.providers.cluster.members import ALONE, target
from sharklab.hosts.providers.cluster.model import Plain, Pool, Space
from sharklab.hosts.providers.cluster.transport import Transport, path


class Pools:
    """The storage pools."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> Sequence[Pool]:
        """Return every pool."""
        return [_pool(one) for one in self._transport.get("/1.0/storage-pools", recursion=1)]

    def space(self, name: str, member: str = ALONE) -> Space:
        """Return the space of a pool on one member."""
        said = self._transport.get(path("storage-pools", name, "resources"), **target(member))["space"]
        return Space(int(said.get("total") or 0), int(said.get("used") or 0))


def _pool(said: Plain) -> Pool:
    return Pool(
        name=said["name"],
        driver=said["driver"],
        status=said.get("status", ""),
        config=said.get("config") or {},
        members=tuple(said.get("locations") or ()),
    )
