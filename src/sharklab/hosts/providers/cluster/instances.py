"""Containers and virtual machines: made, started, asked, and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sharklab.hosts.providers.cluster.errors import NotFound
from sharklab.hosts.providers.cluster.members import ALONE
from sharklab.hosts.providers.cluster.model import Instance, Kind, Plain, Power, Ran, Usage
from sharklab.hosts.providers.cluster.transport import SECONDS, Content, Transport, path

CREATE_SECONDS = 300.0
"""A copy to another member, or to a pool that does not clone, sends all blocks."""

START_SECONDS = 60.0
EXEC_SECONDS = 60.0


@dataclass(frozen=True)
class FromImage:
    """A source of a new instance: the image of this alias, or of this fingerprint."""

    alias: str = ""
    fingerprint: str = ""

    def plain(self) -> Mapping[str, Any]:
        """Return the source as the API takes it."""
        named = {"fingerprint": self.fingerprint} if self.fingerprint else {"alias": self.alias}
        return {"type": "image", **named}


@dataclass(frozen=True)
class CopyOf:
    """A source of a new instance: another instance, without its snapshots."""

    name: str
    project: str = ""
    """The project of the source; empty means that of the copy."""

    def plain(self) -> Mapping[str, Any]:
        """Return the source as the API takes it."""
        where = {"project": self.project} if self.project else {}
        return {"type": "copy", "source": self.name, "instance_only": True, **where}


Devices = Mapping[str, Mapping[str, str]]


class Instances:
    """The instances of one project."""

    def __init__(self, transport: Transport, project: str) -> None:
        self._transport = transport
        self._project = project

    def all(self, *, every_project: bool = False) -> Sequence[Instance]:
        """Return the instances of the project with their configuration; those of dead members are LOST."""
        where: Mapping[str, str] = {"all-projects": "true"} if every_project else {"project": self._project}
        found = self._transport.get("/1.0/instances", recursion=1, **where)
        return sorted(map(_instance, found), key=lambda one: (one.project, one.name))

    def get(self, name: str) -> Instance:
        """Return one instance. Raises NotFound."""
        return _instance(self._transport.get(path("instances", name), project=self._project))

    def create(
        self,
        name: str,
        source: FromImage | CopyOf,
        *,
        member: str = "",
        kind: Kind = Kind.CONTAINER,
        config: Mapping[str, str] | None = None,
        devices: Devices | None = None,
        profiles: Sequence[str] = (),
        limit: float = CREATE_SECONDS,
    ) -> None:
        """Make an instance on `member`, which does not run yet; without a member the engine chooses.

        A copy has the configuration of its source, and `config` and `devices` over it. Raises
        AlreadyThere when the name is taken in the project.
        """
        body = {
            "name": name,
            "type": str(kind),
            "source": source.plain(),
            "profiles": list(profiles),
            "config": dict(config or {}),
            "devices": {device: dict(values) for device, values in (devices or {}).items()},
        }
        where = {} if member in ("", ALONE) else {"target": member}
        self._transport.change("POST", "/1.0/instances", body, limit=limit, project=self._project, **where)

    def update(
        self, name: str, *, config: Mapping[str, str] | None = None, devices: Devices | None = None
    ) -> None:
        """Change these keys and devices, and leave the others; an empty value takes a key away."""
        body = {"config": dict(config or {})}
        if devices is not None:
            body["devices"] = {device: dict(values) for device, values in devices.items()}  # type: ignore[misc]
        self._transport.change("PATCH", path("instances", name), body, project=self._project)

    def start(self, name: str, *, limit: float = START_SECONDS) -> None:
        """Start an instance; it still boots when this returns."""
        self._act(name, {"action": "start"}, limit)

    def stop(self, name: str, *, force: bool = True, limit: float = START_SECONDS) -> None:
        """Stop an instance: at once by `force`, else in good order, `limit` seconds at most."""
        timeout = {} if force else {"timeout": int(limit)}
        self._act(name, {"action": "stop", "force": force, **timeout}, limit)

    def restart(self, name: str, *, force: bool = False, limit: float = START_SECONDS) -> None:
        """Boot an instance again."""
        self._act(name, {"action": "restart", "force": force, "timeout": int(limit)}, limit)

    def freeze(self, name: str, *, limit: float = SECONDS) -> None:
        """Let the processes of an instance sleep."""
        self._act(name, {"action": "freeze"}, limit)

    def unfreeze(self, name: str, *, limit: float = SECONDS) -> None:
        """Let the processes of an instance go on."""
        self._act(name, {"action": "unfreeze"}, limit)

    def _act(self, name: str, body: Plain, limit: float) -> None:
        self._transport.change(
            "PUT", path("instances", name, "state"), body, limit=limit, project=self._project
        )

    def delete(self, name: str, *, limit: float = START_SECONDS) -> None:
        """Remove a stopped instance with its disk; one that is gone already is no error."""
        with suppress(NotFound):
            self._transport.change("DELETE", path("instances", name), limit=limit, project=self._project)

    def usage(self, name: str) -> Usage:
        """Return what an instance uses now, and its addresses."""
        said = self._transport.get(path("instances", name, "state"), project=self._project)
        return _usage(said)

    def run(
        self,
        name: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        user: int = 0,
        group: int = 0,
        folder: str = "/root",
        limit: float = EXEC_SECONDS,
    ) -> Ran:
        """Run a command in an instance that runs, without input, and return its code and its output.

        After the time limit the command may go on, because the API cannot end it; give it a limit of
        its own (timeout(1)). Raises TooLate then.
        """
        body = {
            "command": list(argv),
            "environment": dict(environment or {}),
            "user": user,
            "group": group,
            "cwd": folder,
            "record-output": True,
            "wait-for-websocket": False,
            "interactive": False,
        }
        done = self._transport.change(
            "POST", path("instances", name, "exec"), body, limit=limit, project=self._project
        )
        result = done.get("metadata") or {}
        logs: Mapping[str, str] = result.get("output") or {}
        return Ran(int(result["return"]), self._take_log(logs.get("1")), self._take_log(logs.get("2")))

    def _take_log(self, where: str | None) -> bytes:
        """Return a recorded output, and remove it from the engine."""
        if not where:
            return b""
        content = self._transport.bytes_of(where, project=self._project)
        self._transport.change("DELETE", where, project=self._project)
        return content

    def push(
        self,
        name: str,
        where: str,
        content: Content,
        *,
        mode: int = 0o644,
        user: int = 0,
        group: int = 0,
        limit: float = SECONDS,
    ) -> None:
        """Write a file in an instance, which may be stopped, over one that is there; its folder exists."""
        self._push(name, where, content, "file", (mode, user, group), limit)

    def make_folder(self, name: str, where: str, *, mode: int = 0o755, user: int = 0, group: int = 0) -> None:
        """Make a folder in an instance; its parent exists, and it may exist itself."""
        self._push(name, where, b"", "directory", (mode, user, group), SECONDS)

    def _push(
        self, name: str, where: str, content: Content, kind: str, owner: tuple[int, int, int], limit: float
    ) -> None:
        mode, user, group = owner
        values = {
            "type": kind,
            "mode": f"{mode:04o}",
            "uid": str(user),
            "gid": str(group),
            "write": "overwrite",
        }
        self._transport.upload(
            "POST", path("instances", name, "files"), content, both(values),
            limit=limit, project=self._project, path=where,
        )  # fmt: skip

    def pull(self, name: str, where: str, *, limit: float = SECONDS) -> bytes:
        """Return the content of a file of an instance. Raises NotFound."""
        return self._transport.bytes_of(
            path("instances", name, "files"), limit=limit, project=self._project, path=where
        )


def both(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return `values` as headers under the names of both engines."""
    return {f"X-{engine}-{name}": value for name, value in values.items() for engine in ("LXD", "Incus")}


def _instance(said: Plain) -> Instance:
    return Instance(
        name=said["name"],
        kind=Kind(said.get("type", "container")),
        power=Power.of(said["status"]),
        member=said.get("location", ALONE),
        project=said.get("project", ""),
        config=said.get("config") or {},
        devices=said.get("devices") or {},
        expanded_devices=said.get("expanded_devices") or {},
        profiles=tuple(said.get("profiles") or ()),
        created=said.get("created_at", ""),
    )


def _usage(said: Plain) -> Usage:
    networks: Mapping[str, Plain] = said.get("network") or {}
    return Usage(
        power=Power.of(said["status"]),
        processes=int(said.get("processes") or 0),
        memory=int((said.get("memory") or {}).get("usage") or 0),
        init=int(said.get("pid") or 0),
        addresses={
            name: tuple(
                f"{one['address']}/{one['netmask']}"
                for one in card.get("addresses") or ()
                if one["scope"] == "global"
            )
            for name, card in networks.items()
        },
    )
