"""Wait for hosts that boot: each is asked over SSH until all its units have started, or have failed."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.hosts.providers import access, consoles
from sharklab.lab.model import Plan
from sharklab.message import N_, Message

PAUSE = 0.1
UNREACHABLE = 255
MOUNT_LIMIT = 10
"""Seconds in which a host mounts the folder of a server that runs: mount.nfs(8) tries again within that."""

STARTING = "starting"
"""systemd's word for a host some of whose units still start (systemctl(1), is-system-running)."""

MOUNTING = "systemctl list-jobs --plain --no-legend --no-pager | awk '$2 ~ /[.]mount$/ { print $2 }'"
FAILED = "systemctl --failed --plain --no-legend --no-pager"
SETTLED = f"""
until state=$(timeout 2 systemctl is-system-running --wait); [ -n "$state" ]; do
    count=$(systemctl list-jobs --plain --no-legend --no-pager | wc -l)
    mounts=$({MOUNTING} | wc -l)
    if [ "$mounts" -gt 0 ] && [ "$mounts" = "$count" ]; then state={STARTING}; break; fi
done
echo "$state"
{FAILED}
"""
"""Waits until all units have started or failed, or until only mounts are left: their server may be off."""

LAST = f"""
state=$(timeout {MOUNT_LIMIT} systemctl is-system-running --wait)
echo "${{state:-{STARTING}}}"
{FAILED}
{MOUNTING}
"""
"""Waits for the mounts that are left, once every other host has settled."""


@dataclass(frozen=True)
class BootReport:
    """How a host came up: systemd's word for it ("running", "degraded"), and the units that failed."""

    host: str
    state: str
    failed: tuple[str, ...]


def wait(
    plan: Plan,
    is_running: Callable[[str], bool],
    explain: Callable[[str, Message], MachineryError],
    limit: float | None = None,
    hosts: Sequence[str] | None = None,
) -> list[BootReport]:
    """Wait until every host answers and has started all its units; return how each came up.

    A folder of a server that is off keeps a host starting for a minute and more. Once every other host has
    settled, it has `MOUNT_LIMIT` seconds; its report then names the mount among the failed units.

    `hosts` are those to ask, all of the plan without it. Raises the error that `explain` returns for a host
    and a reason if one has ended, or starts no further unit and does not answer within `limit` seconds
    (`consoles.LIMIT` without it).
    """
    limit = limit or consoles.LIMIT
    names = [host.name for host in plan.hosts] if hosts is None else hosts
    found = _ask_all(plan, names, SETTLED, is_running, explain, limit)
    mounting = [name for name, report in found.items() if report.state == STARTING]
    return [*{**found, **_ask_all(plan, mounting, LAST, is_running, explain, limit)}.values()]


def _ask_all(
    plan: Plan,
    hosts: Sequence[str],
    command: str,
    is_running: Callable[[str], bool],
    explain: Callable[[str, Message], MachineryError],
    limit: float,
) -> dict[str, BootReport]:
    """Return the answer of each host to `command`. Raises the errors of `wait`."""
    shown = consoles.Consoles(plan, hosts)
    asked = {name: BootQuery(plan, name, command, limit) for name in hosts}
    try:
        while any(query.answer is None for query in asked.values()):
            time.sleep(PAUSE)
            for name, query in asked.items():
                query.look()
                if query.answer is None and not is_running(name):
                    raise explain(name, Message(N_("the host ended while it booted")))
                if query.answer is None and shown.silence(name) > limit:
                    values = {"seconds": limit, "complaint": query.complaint}
                    raise explain(name, Message(N_("no answer within {seconds:g} s ({complaint})"), values))
    finally:
        for query in asked.values():
            query.drop()
    return {name: query.answer for name, query in asked.items() if query.answer}


class BootQuery:
    """Asks a host over SSH how far it is, by a command, again and again until it can be reached."""

    def __init__(self, plan: Plan, host: str, command: str, patience: float) -> None:
        self.answer: BootReport | None = None
        self.complaint = Message(N_("nothing listens on port 22"))
        self._host = host
        self._patience = patience
        self._command = ["ssh", "-F", str(access.folder(plan) / "config"), host, command]
        self._ssh = self._start()

    def look(self) -> None:
        """Take the answer if it has come; ask again if the host could not be reached."""
        code = self._ssh.poll()
        if code is None or self.answer:
            return
        said, complaint = self._ssh.communicate()
        if code == UNREACHABLE or not said.strip():
            self.complaint = Message(process.last_lines(complaint))
            self._ssh = self._start()
            return
        word, *failed = said.splitlines()
        self.answer = BootReport(self._host, word, tuple(line.split()[0] for line in failed))

    def drop(self) -> None:
        """End a query that is still open."""
        with self._ssh:  # a shared connection may hold its pipes, so nobody waits for their end
            self._ssh.kill()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, "SHARKLAB_PATIENCE": str(self._patience)},
        )
