"""Start and stop the gateway of this state folder, and say whether it runs.

The supervisor holds gateway/lock as long as it lives, so a gateway that was killed is known as stopped.
"""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharklab import process, state
from sharklab.errors import InputError
from sharklab.hosts import background
from sharklab.hosts.providers import cgroups
from sharklab.hosts.ssh_gateway import jail, students
from sharklab.hosts.ssh_gateway.supervisor import EVERY_ADDRESS, Where
from sharklab.message import N_, Message

PORT = 2222
START_LIMIT = 300.0
"""Seconds until sshd answers: 3 on most machines, and more than 60 on an emulated one with other work."""

GREETING_LIMIT = 30.0
"""Seconds until sshd greets a connection: it starts a process for that."""

WHAT = Message(N_("the SSH gateway"))


@dataclass(frozen=True)
class GatewayStatus:
    """A gateway that runs: where it listens, since when (epoch seconds), and the fingerprint of its key."""

    where: Where
    since: float
    fingerprint: str


def lock_file() -> Path:
    """Return the file that the supervisor holds locked."""
    return students.folder() / "lock"


def log_file() -> Path:
    """Return the log: sshd's own words, and refused requests."""
    return students.folder() / "log"


def _settings_file() -> Path:
    return students.folder() / "gateway.json"


def status() -> GatewayStatus | None:
    """Return the gateway that runs, or None. Raises MachineryError when the gateway's own file is damaged."""
    if not state.is_locked(lock_file()):
        return None
    content = _settings()
    where = Where(content.get("address", EVERY_ADDRESS), content.get("port", PORT))
    return GatewayStatus(where, content.get("since", 0.0), fingerprint())


def read_port() -> int:
    """Return the port for logins: where the gateway listens, or was before, or would."""
    return int(_settings().get("port", PORT))


def start(address: str | None, port: int | None, command: Sequence[str]) -> tuple[GatewayStatus, bool]:
    """Start the gateway, or leave a running one as it is; return it, and whether it is new.

    Without address or port it is where it was before. `command` becomes the supervisor when address and
    port are added. Raises InputError when it runs elsewhere, Busy when another start is under way, and
    MachineryError, with the words of its log, when it does not begin.
    """
    state.folder(students.folder())
    with state.lock(students.folder() / "starting", WHAT):
        before = _settings()
        running = status()
        where = Where(address or str(before.get("address", EVERY_ADDRESS)), port or read_port())
        if running and running.where == where:
            return running, False
        if running:
            raise InputError(
                N_("the gateway already listens on {where}"),
                place="sharklab gateway start",
                hint=N_("to move it: sharklab gateway stop, then start again"),
                where=running.where,
            )
        cgroups.end(f"{unit()}*")
        since = time.time()
        content = {"address": where.address, "port": where.port, "since": since}
        state.write(_settings_file(), json.dumps(content), durable=True)
        words = [*command, where.address, str(where.port)]
        sentence = N_("the gateway does not start: {said}")
        background.start(unit(), words, log_file(), lambda: _answers(where), START_LIMIT, sentence)
        return GatewayStatus(where, since, fingerprint()), True


def stop() -> bool:
    """Stop the gateway with all its logins; return False when none ran. Raises MachineryError."""
    ran = state.is_locked(lock_file())
    cgroups.end(f"{unit()}*")
    return ran


def unit(root: Path | None = None) -> str:
    """Return the name of the gateway's control group: one for each state folder, `root` or that in use."""
    return "sl-gateway-" + hashlib.sha256(str(root or state.root()).encode()).hexdigest()[:8]


def cell_unit() -> str:
    """Return the name of the control group of the gateway's jail."""
    return f"{unit()}-jail"


def fingerprint() -> str:
    """Return the fingerprint of the gateway's host key (ssh-keygen(1), -l), "" before the first start."""
    if not jail.host_key().exists():
        return ""
    return process.run(["ssh-keygen", "-l", "-f", f"{jail.host_key()}.pub"]).split()[1]


def _settings() -> dict[str, Any]:
    try:
        content = json.loads(_settings_file().read_text())
        return content if isinstance(content, dict) else {}
    except (FileNotFoundError, ValueError):
        return {}


def _answers(where: Where) -> bool:
    """Tell whether sshd greets at `where` (RFC 4253, 4.2)."""
    with suppress(OSError), socket.create_connection(where.here, timeout=GREETING_LIMIT) as probe:
        return probe.recv(4) == b"SSH-"
    return False
