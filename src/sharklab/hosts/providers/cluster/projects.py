"""Projects, their profiles, and the clients that the engine trusts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sharklab.hosts.providers.cluster.errors import NotFound
from sharklab.hosts.providers.cluster.model import Certificate, Plain, Project
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
        """Change these keys, and leave the others."""
        self._transport.change("PATCH", path("projects", name), {"config": dict(config)})

    def delete(self, name: str) -> None:
        """Remove an empty project; one that is gone already is no error."""
        with suppress(NotFound):
            self._transport.change("DELETE", path("projects", name))


class Profiles:
    """The profiles of one project."""

    def __init__(self, transport: Transport, project: str) -> None:
        self._transport = transport
        self._project = project

    def all(self) -> Mapping[str, Plain]:
        """Return every profile by its name: `config`, `devices`, `description`, `used_by`."""
        found = self._transport.get("/1.0/profiles", recursion=1, project=self._project)
        return {one["name"]: one for one in found}

    def put(self, name: str, *, config: Mapping[str, str], devices: Mapping[str, Mapping[str, str]]) -> None:
        """Make a profile, or give it exactly this content."""
        body = {"config": dict(config), "devices": {one: dict(values) for one, values in devices.items()}}
        try:
            self._transport.change("PUT", path("profiles", name), body, project=self._project)
        except NotFound:
            self._transport.change("POST", "/1.0/profiles", {"name": name, **body}, project=self._project)

    def delete(self, name: str) -> None:
        """Remove a profile that no instance uses; one that is gone already is no error."""
        with suppress(NotFound):
            self._transport.change("DELETE", path("profiles", name), project=self._project)


class Certificates:
    """The clients that the engine trusts."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> Sequence[Certificate]:
        """Return every trusted client."""
        return [_certificate(one) for one in self._transport.get("/1.0/certificates", recursion=1)]

    def trust(self, name: str, der: bytes, *, projects: Sequence[str] = ()) -> None:
        """Trust a client by its certificate (DER); `projects` bounds it to them. Raises AlreadyThere."""
        body = {
            "type": "client",
            "name": name,
            "certificate": b64encode(der).decode(),
            "restricted": bool(projects),
            "projects": list(projects),
        }
        self._transport.change("POST", "/1.0/certificates", body)

    def delete(self, fingerprint: str) -> None:
        """Trust a client no longer; one that is gone already is no error."""
        with suppress(NotFound):
            self._transport.change("DELETE", path("certificates", fingerprint))


def _project(said: Plain) -> Project:
    return Project(
        name=said["name"],
        config=said.get("config") or {},
        description=said.get("description", ""),
        used_by=tuple(said.get("used_by") or ()),
    )


def _certificate(said: Plain) -> Certificate:
    return Certificate(
        fingerprint=said["fingerprint"],
        name=said.get("name", ""),
        restricted=bool(said.get("restricted")),
        projects=tuple(said.get("projects") or ()),
    )
