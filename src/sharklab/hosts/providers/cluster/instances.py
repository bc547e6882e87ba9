"""Containers and virtual machines: made, started, asked, and removed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sharklab.errors import MachineryError
from sharklab.hosts.providers.cluster.errors import EngineRefusal, NotFound
from sharklab.hosts.providers.cluster.members import ALONE
from sharklab.hosts.providers.cluster.model import Instance, InstanceKind, InstanceUsage, Plain, Power, Ran
from sharklab.hosts.providers.cluster.transport import SECONDS, Body, Transport, path

CREATE_SECONDS = 300.0
"""A copy to another member, or to a pool that does not clone, sends all blocks."""

START_SECONDS = 300.0
"""A first start may change the owner of every file. Four side by side took over a minute at a load of 40."""

CHANGE_SECONDS = 300.0
"""A snapshot of a host took more than a minute at a load of 47."""

EXEC_SECONDS = 60.0

BUSY = "is busy running"
"""The words of the engine while another operation on the instance goes on."""

PAUSE = 0.1

LOG = "lxc.log"
"""The log that LXC keeps of the last start of a container."""


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
        where: dict[str, Any] = {"all-projects": "true"} if every_project else {"project": self._project}
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
        kind: InstanceKind = InstanceKind.CONTAINER,
        config: Mapping[str, str] | None = None,
        devices: Devices | None = None,
        profiles: Sequence[str] | None = None,
        limit: float = CREATE_SECONDS,
    ) -> None:
        """Make an instance on `member`, which does not run yet; without a member the engine chooses.

        A copy has the profiles and the configuration of its source, and `config` and `devices` over it.
        An instance from an image has only the named profiles. Raises AlreadyThere when the name is taken in
        the project, and NotFound when there is no such source.
        """
        body = {
            "type": str(kind),
            "profiles": list(profiles or ()),
            "config": dict(config or {}),
            "devices": _plain_devices(devices or {}),
        }
        if isinstance(source, CopyOf):
            body = self._whole_copy(source, profiles, config or {}, devices or {})
        body |= {"name": name, "source": source.plain()}
        where = {} if member in ("", ALONE) else {"target": member}
        self._transport.change("POST", "/1.0/instances", body, limit=limit, project=self._project, **where)

    def _whole_copy(
        self, source: CopyOf, profiles: Sequence[str] | None, config: Mapping[str, str], devices: Devices
    ) -> dict[str, Any]:
        """Return all about a copy: another member asks nobody for what the source has."""
        where = path("instances", source.name)
        said = self._transport.get(where, project=source.project or self._project)
        own = {name: value for name, value in said["config"].items() if not name.startswith("volatile.")}
        return {
            "architecture": said["architecture"],
            "type": said["type"],
            "profiles": list(said["profiles"] if profiles is None else profiles),
            "config": {**own, **config},
            "devices": _plain_devices({**said["devices"], **devices}),
        }

    def start(self, name: str, *, limit: float = START_SECONDS) -> None:
        """Start an instance; it still boots when this returns. Raises EngineRefusal with its log."""
        try:
            self._act(name, {"action": "start"}, limit)
        except EngineRefusal as error:
            raise self._with_log(name, error) from None

    def _with_log(self, name: str, error: EngineRefusal) -> EngineRefusal:
        """Return the error with the first cause that LXC wrote; the engine names only the command."""
        try:
            log = self._transport.bytes_of(path("instances", name, "logs", LOG), project=self._project)
        except MachineryError:
            return error
        causes = [line for line in log.decode(errors="replace").splitlines() if " ERROR " in line]
        if causes:
            error.values["said"] = f"{error.values['said']} ({causes[0].rpartition(' - ')[2]})"
        return error

    def stop(self, name: str, *, force: bool = True, limit: float = CHANGE_SECONDS) -> None:
        """Stop an instance: at once by `force`, else in good order, `limit` seconds at most."""
        timeout = {} if force else {"timeout": int(limit)}
        self._act(name, {"action": "stop", "force": force, **timeout}, limit)

    def freeze(self, name: str) -> None:
        """Let the processes of an instance sleep."""
        self._act(name, {"action": "freeze"}, SECONDS)

    def unfreeze(self, name: str) -> None:
        """Let the processes of an instance go on."""
        self._act(name, {"action": "unfreeze"}, SECONDS)

    def _act(self, name: str, body: Plain, limit: float) -> None:
        self._when_idle("PUT", path("instances", name, "state"), body, limit)

    def delete(self, name: str, *, limit: float = CHANGE_SECONDS) -> None:
        """Remove a stopped instance with its disk; one that is gone already is no error."""
        with suppress(NotFound):
            self._when_idle("DELETE", path("instances", name), None, limit)

    def _when_idle(self, method: str, where: str, body: Plain | None, limit: float) -> None:
        """Change an instance as soon as the engine has ended its own work on it, such as cleaning up.

        All tries together take `limit` seconds at most.
        """
        deadline, left = time.monotonic() + limit, limit
        while True:
            try:
                self._transport.change(method, where, body, limit=left, project=self._project)
            except EngineRefusal as error:
                if BUSY not in str(error.values["said"]):
                    raise
                time.sleep(PAUSE)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
            else:
                return

    def move(self, name: str, member: str) -> None:
        """Move a stopped instance with its disk and its snapshots to another member."""
        body = {"name": name, "migration": True}
        self._transport.change(
            "POST", path("instances", name), body, limit=CREATE_SECONDS, project=self._project, target=member
        )

    def has_snapshot(self, name: str, snapshot: str) -> bool:
        """Tell whether an instance has a snapshot of this name."""
        found = self._transport.get(path("instances", name, "snapshots"), project=self._project)
        return any(one.partition("?")[0].rpartition("/")[2] == snapshot for one in found)

    def snapshot(self, name: str, snapshot: str) -> None:
        """Keep the disk of an instance as it is now under the name `snapshot`."""
        body = {"name": snapshot, "stateful": False}
        self._transport.change(
            "POST", path("instances", name, "snapshots"), body, limit=CHANGE_SECONDS, project=self._project
        )

    def delete_snapshot(self, name: str, snapshot: str) -> None:
        """Remove a snapshot; one that is gone already is no error."""
        with suppress(NotFound):
            self._transport.change(
                "DELETE",
                path("instances", name, "snapshots", snapshot),
                limit=CHANGE_SECONDS,
                project=self._project,
            )

    def put_back(self, name: str, snapshot: str) -> None:
        """Give an instance the disk of its snapshot."""
        self._transport.change(
            "PUT", path("instances", name), {"restore": snapshot}, limit=CREATE_SECONDS, project=self._project
        )

    def usage(self, name: str) -> InstanceUsage:
        """Return the memory and the addresses of an instance now."""
        said = self._transport.get(path("instances", name, "state"), project=self._project)
        return _usage(said)

    def run(self, name: str, argv: Sequence[str], *, limit: float = EXEC_SECONDS) -> Ran:
        """Run a command as root in an instance that runs, without input; return its code and its output.

        After the time limit the command may go on, because the API cannot end it; give it a limit of
        its own (timeout(1)). Raises TooLate then.
        """
        body = {
            "command": list(argv),
            "cwd": "/root",
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

    def push(self, name: str, where: str, content: Body) -> None:
        """Write a file in an instance, which may be stopped, over one that is there; its folder exists.

        Root alone may read the file.
        """
        values = {"type": "file", "mode": "0600", "uid": "0", "gid": "0", "write": "overwrite"}
        self._transport.upload(
            "POST", path("instances", name, "files"), content, both(values),
            limit=SECONDS, project=self._project, path=where,
        )  # fmt: skip

    def put_template(self, name: str, template: str, content: bytes) -> None:
        """Write a template of an instance, over one that is there; its image says when it is used."""
        self._transport.upload(
            "POST", path("instances", name, "metadata", "templates"), content, {},
            limit=SECONDS, project=self._project, path=template,
        )  # fmt: skip


def _plain_devices(devices: Devices) -> dict[str, dict[str, str]]:
    return {name: dict(values) for name, values in devices.items()}


def both(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return `values` as headers under the names of both engines."""
    return {f"X-{engine}-{name}": value for name, value in values.items() for engine in ("LXD", "Incus")}


def _instance(said: Plain) -> Instance:
    return Instance(
        name=said["name"],
        kind=InstanceKind(said.get("type", "container")),
        power=Power.of(said["status"]),
        member=said.get("location", ALONE),
        project=said.get("project", ""),
        config=said.get("config") or {},
        devices=said.get("devices") or {},
    )


def _usage(said: Plain) -> InstanceUsage:
    networks: Mapping[str, Plain] = said.get("network") or {}
    return InstanceUsage(
        memory=int((said.get("memory") or {}).get("usage") or 0),
        addresses={
            name: tuple(
                f"{one['address']}/{one['netmask']}"
                for one in card.get("addresses") or ()
                if one["scope"] == "global"
            )
            for name, card in networks.items()
        },
    )
