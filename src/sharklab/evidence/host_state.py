"""Look at the hosts of a seat as they are now, with testinfra over the seat's own ssh config.

The state is plain data, one mapping per host, so that it can be handed in, sealed with a run, and checked
long afterwards: a check never goes to a host. The administrator of a host can fake it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from sharklab import state, untrusted
from sharklab.lab.model import Plan

if TYPE_CHECKING:
    from testinfra.host import Host as Shell

LIMIT = 60
"""Seconds that one command may take on a host."""
ATTEMPTS = 3
LATE = (124, 254)
"""Exit codes of timeout(1), and of firewall-cmd when firewalld answers later than D-Bus waits (25 s)."""
EXPORTS = "exportfs -s 2>/dev/null || cat /etc/ganesha/ganesha.conf 2>/dev/null"
"""The exports of an NFS server: the kernel's own list, or the configuration of nfs-ganesha."""
FOLDER = "state"
"""The folder of a run that holds what was observed, a file for each host."""

Line = Annotated[str, Meta(max_length=4096)]
Output = Annotated[str, Meta(max_length=262_144)]
Lines = Annotated[list[Line], Meta(max_length=4096)]


class ServiceState(TypedDict):
    """Whether a service runs, and whether it starts with the host."""

    running: bool
    enabled: bool


class Firewall(TypedDict):
    """The output of firewall-cmd: the default zone in force and permanently, all zones, direct rules.

    The last two are missing in observations of older versions.
    """

    runtime: Output
    permanent: Output
    zones: NotRequired[Output]
    direct: NotRequired[Output]


class Mount(TypedDict):
    """A mounted file system."""

    path: Line
    device: Line
    type: Line


class HostState(TypedDict):
    """One host's observation: see `Observer.everything`. `observed` is epoch seconds."""

    observed: Annotated[float, Meta(ge=0, le=1e11)]
    services: dict[str, ServiceState]
    firewall: Firewall
    sockets: Lines
    mounts: Annotated[list[Mount], Meta(max_length=4096)]
    fstab: Lines
    exports: Output
    resolver: Lines


def observe(plan: Plan, services: Mapping[str, Sequence[str]]) -> Mapping[str, HostState]:
    """Return the state of each host of the seat; a host that does not answer is left out.

    `services` names for each host the services whose state is asked for.
    """
    with ThreadPoolExecutor(max_workers=4) as pool:
        states = pool.map(lambda host: _observe(plan, host.name, services[host.name]), plan.hosts)
        return {host.name: seen for host, seen in zip(plan.hosts, states, strict=True) if seen}


def _observe(plan: Plan, name: str, services: Sequence[str]) -> HostState | None:
    import testinfra  # it brings pytest along

    where = {"ssh_config": str(plan.seat.folder / "ssh" / "config")}
    try:
        asked = testinfra.get_host(f"ssh://{name}", **where).run("id -u")
        if asked.rc != 0:
            return None
        shell = testinfra.get_host(f"ssh://{name}", **where, sudo=asked.stdout.strip() != "0")
        return Observer(shell).everything(services)
    except RuntimeError:  # testinfra raises it when ssh cannot reach the host
        return None


@dataclass(frozen=True)
class Observer:
    """Looks at one host, as root."""

    shell: Shell

    def everything(self, services: Sequence[str]) -> HostState:
        """Return all that checks look at, by noun."""
        return {
            "observed": time.time(),
            "services": {name: self.service(name) for name in services},
            "firewall": {
                "runtime": self._printed("firewall-cmd --list-all"),
                "permanent": self._printed("firewall-cmd --permanent --list-all"),
                "zones": self._printed("firewall-cmd --list-all-zones"),
                "direct": self._printed("firewall-cmd --direct --get-all-rules"),
            },
            "sockets": self._printed("ss -Hlntup").splitlines(),
            "mounts": self.mounts(),
            "fstab": self._printed("cat /etc/fstab").splitlines(),
            "exports": self._printed(EXPORTS),
            "resolver": self._printed("cat /etc/resolv.conf").splitlines(),
        }

    def service(self, name: str) -> ServiceState:
        """Return whether a service runs, and whether it starts with the host."""
        service = self.shell.service(name)
        if not service.exists:
            return {"running": False, "enabled": False}
        return {"running": bool(service.is_running), "enabled": bool(service.is_enabled)}

    def mounts(self) -> list[Mount]:
        """Return the mounts: path, device and type of file system."""
        return [
            {"path": each.path, "device": each.device, "type": each.filesystem}
            for each in self.shell.mount_point.get_mountpoints()
        ]

    def _printed(self, command: str) -> str:
        """Return the output of a command on the host, or "" if it fails, or is late `ATTEMPTS` times."""
        for _attempt in range(ATTEMPTS):
            done = self.shell.run(f"timeout {LIMIT} sh -c %s", command)
            if done.rc not in LATE:
                break
        return str(done.stdout) if done.rc == 0 else ""


def save(states: Mapping[str, HostState], folder: Path) -> None:
    """Write the states of hosts to the folder of a run."""
    for host, seen in states.items():
        target = state.folder(folder / FOLDER) / f"{host}.json"
        state.write(target, json.dumps(seen, indent=1, ensure_ascii=False) + "\n")


def fault(seen: Any) -> str:
    """Return the fault of an observation, or "" if it has the right shape."""
    try:
        untrusted.shaped(seen, HostState)
    except ValueError as error:
        return str(error)
    return ""
