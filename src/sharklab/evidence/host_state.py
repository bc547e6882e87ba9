"""Look at the hosts of a seat as they are now, with testinfra over the seat's own ssh config.

What is seen is plain data, one mapping per host, so that it can be handed in, sealed with a run, and checked
long afterwards: a check never goes to a host. What a host's administrator may fake, it may fake here too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharklab import state
from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.kind import Rests
from sharklab.evidence import run_folder
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check, Exercise, Plan

if TYPE_CHECKING:
    from testinfra.host import Host as Shell

HostState = Mapping[str, Any]
LIMIT = 20
"""Seconds that one command may take on a host."""
EXPORTS = "exportfs -s 2>/dev/null || cat /etc/ganesha/ganesha.conf 2>/dev/null"
"""What an NFS server exports: the kernel's own list, or what nfs-ganesha is told."""


def wanted(plan: Plan) -> bool:
    """Tell whether anything in the lab rests on what hosts are like."""
    asked = (question for exercise in plan.lab.exercises for question in exercise.questions)
    return any(_checks(plan.lab.exercises)) or any(QUESTIONS[question].of_server for question in asked)


def observe(plan: Plan) -> Mapping[str, HostState]:
    """Return what each host of the seat is like; one that does not answer is left out."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        found = pool.map(lambda host: _observe(plan, host), [host.name for host in plan.hosts])
        return {host.name: seen for host, seen in zip(plan.hosts, found, strict=True) if seen}


def _checks(exercises: Iterable[Exercise]) -> Iterator[Check]:
    """Yield the checks that rest on hosts, in an exercise's checks or in its criteria."""
    for exercise in exercises:
        conditions = [part.condition for criterion in exercise.criteria for part in criterion.parts]
        asked = [leaf for condition in conditions for leaf in leaves(condition)]
        for leaf in (*exercise.checks, *asked):
            if isinstance(leaf, Check) and leaf.kind in KINDS and KINDS[leaf.kind].rests is Rests.STATE:
                yield leaf


def _services(plan: Plan, host: str) -> list[str]:
    """Return the services of `host` that a check asks about, and firewalld."""
    params = [check.params for check in _checks(plan.lab.exercises) if check.params.get("host") == host]
    return sorted({"firewalld", *(str(each["service"]) for each in params if "service" in each)})


def _observe(plan: Plan, name: str) -> HostState:
    import testinfra  # it brings pytest along

    where = {"ssh_config": str(plan.seat.folder / "ssh" / "config")}
    asked = testinfra.get_host(f"ssh://{name}", **where).run("id -u")
    if asked.rc != 0:
        return {}
    shell = testinfra.get_host(f"ssh://{name}", **where, sudo=asked.stdout.strip() != "0")
    return Observer(shell).everything(_services(plan, name))


@dataclass(frozen=True)
class Observer:
    """Looks at one host, as root."""

    shell: Shell

    def everything(self, services: list[str]) -> HostState:
        """Return all that checks look at, by noun (`sharklab.evidence.host_state_schema`)."""
        return {
            "observed": time.time(),
            "services": {name: self.service(name) for name in services},
            "firewall": {
                "runtime": self._printed("firewall-cmd --list-all"),
                "permanent": self._printed("firewall-cmd --permanent --list-all"),
            },
            "sockets": self._printed("ss -Hlntup").splitlines(),
            "mounts": self.mounts(),
            "fstab": self._printed("cat /etc/fstab").splitlines(),
            "exports": self._printed(EXPORTS),
            "resolver": self._printed("cat /etc/resolv.conf").splitlines(),
        }

    def service(self, name: str) -> Mapping[str, bool]:
        """Return whether a service runs, and whether it starts with the host."""
        service = self.shell.service(name)
        if not service.exists:
            return {"running": False, "enabled": False}
        return {"running": bool(service.is_running), "enabled": bool(service.is_enabled)}

    def mounts(self) -> list[Mapping[str, str]]:
        """Return what is mounted where."""
        return [
            {"path": each.path, "device": each.device, "type": each.filesystem}
            for each in self.shell.mount_point.get_mountpoints()
        ]

    def _printed(self, command: str) -> str:
        """Return what a command of the host prints, or nothing when it does not end well and in time."""
        done = self.shell.run(f"timeout {LIMIT} sh -c %s", command)
        return str(done.stdout) if done.rc == 0 else ""


def save(found: Mapping[str, HostState], folder: Path) -> None:
    """Write what was observed below the folder of a run."""
    for host, seen in found.items():
        target = state.folder(folder / run_folder.STATE) / f"{host}.json"
        state.write(target, json.dumps(seen, indent=1, ensure_ascii=False) + "\n")
