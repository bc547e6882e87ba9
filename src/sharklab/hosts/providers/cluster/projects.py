"""The projects of a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from sharklab.hosts.providers.cluster.errors import NotFound
from sharklab.hosts.providers.cluster.model import Plain, Project
from sharklab.hosts.providers.cluster.transport import Transport, path


class Projects:
    """The projects of the cluster."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> Sequence[Project]:
        """Return every project that this client may see."""
        return [_project(one) for one in self._transport.get("/1.0/projects", recursion=1)]

    def find(self, name: str) -> Project | None:
        """Return the project of that name, None if there is none."""
        try:
            return _project(self._transport.get(path("projects", name)))
        except NotFound:
            return None

    def create(self, name: str, *, config: Mapping[str, str] | None = None, description: str = "") -> None:
        """Make a project. Raises AlreadyThere."""
        body = {"name": name, "config": dict(config or {}), "description": description}
        self._transport.change("POST", "/1.0/projects", body)

    def update(self, name: str, config: Mapping[str, str]) -> None:
        """Give the project this whole configuration: LXD 5.0.2 refuses a part of it."""
        self._transport.change("PATCH", path("projects", name), {"config": dict(config)})

    def delete(self, name: str) -> None:
        """Remove an empty project; one that is gone already is no error."""
        with suppress(NotFound):
            self._transport.change("DELETE", path("projects", name))


def _project(said: Plain) -> Project:
    return Project(
        name=said["name"],
        config=said.get("config") or {},
    )
