"""The controller's way into the hosts of a seat: keys, one ssh_config(5) for everybody, and waiting.

Connections are made from the seat's network namespace by a ProxyCommand, so no route to a lab
exists on the machine; the first one stays open and is shared by those that follow.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts import ssh_settings
from sharklab.hosts.providers import claims, network
from sharklab.lab.model import Plan
from sharklab.message import N_, Message

LIMIT = 120.0
"""Seconds that a host may take from its start until all its units are started, or have failed.

It is more than DefaultTimeoutStartSec of systemd-system.conf(5), 90 s: a host tries that long to mount a
folder of a server that is off.
"""

CLOSE_LIMIT = 10.0
PAUSE = 0.1
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

UNREACHABLE = 255
SSH_PORT = 22
TUNNEL = Path(__file__).with_name("tunnel.py")

CONFIG = """\
# Written by sharklab: ssh -F {folder}/config HOST
Host *
    User root
    IdentityFile {key}
    IdentitiesOnly yes
    PreferredAuthentications publickey
    StrictHostKeyChecking yes
    UserKnownHostsFile {known}
    GlobalKnownHostsFile /dev/null
{proxy}
    ControlMaster auto
    ControlPersist 10m
    ControlPath "{sockets}/%r@%n"
    ServerAliveInterval 5
    ServerAliveCountMax 3
    # The default (sntrup761) costs a quarter of a CPU-second per connection, to a machine that is this one.
    KexAlgorithms ^curve25519-sha256
    LogLevel ERROR
"""
FROM_NAMESPACE = """\
    ProxyCommand nsenter --net={namespace} {python} -I -S {tunnel} %h %p
    ProxyUseFdpass yes"""
HOST = """
Host {name} {address}
    HostName {address}
    HostKeyAlias {name}
"""


@dataclass(frozen=True)
class BootReport:
    """How a host came up: systemd's word for it ("running", "degraded"), and the units that failed."""

    host: str
    state: str
    failed: tuple[str, ...]


def folder(plan: Plan) -> Path:
    """Return the folder of the seat's keys and ssh configuration."""
    return plan.seat.folder / "ssh"


def prepare(plan: Plan, proxy: str = "") -> None:
    """Make the keys of the controller and of every host, known_hosts and the ssh configuration.

    `proxy` are the lines of ssh_config(5) that reach a host; without them, hosts are reached from the
    namespace of the seat.
    """
    own = state.folder(folder(plan))
    make_key(own / "id_ed25519", f"sharklab-{plan.seat.id}")
    for host in plan.hosts:
        make_key(host_key(plan, host.name), host.name)
    known = [f"{host.name} {public(host_key(plan, host.name))}" for host in plan.hosts]
    state.write(own / "known_hosts", "".join(known))
    state.write(own / "config", _config(plan, proxy or _from_namespace(plan)))


def host_key(plan: Plan, host: str) -> Path:
    """Return the file of a host's private key."""
    return folder(plan) / f"host_{host}_ed25519"


def make_key(file: Path, comment: str) -> None:
    """Make an Ed25519 key pair unless it is there already; the private half appears last, when all is well.

    ssh-keygen(1) makes the same in 9 CPU-milliseconds, 4 times for each seat of a class.
    """
    if file.exists():
        return
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    words = (form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
    state.write(_public(file), f"{public.decode()} {comment}\n", 0o644)
    state.write(file, key.private_bytes(*words).decode(), 0o600)


def public(file: Path) -> str:
    """Return the line of the public half of a key."""
    return _public(file).read_text()


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
    and a reason if one has ended, or has not come up within `limit` seconds (`LIMIT` without it).
    """
    limit = limit or LIMIT
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
    deadline = time.monotonic() + limit
    asked = {name: BootQuery(plan, name, command, limit) for name in hosts}
    try:
        while any(query.answer is None for query in asked.values()):
            time.sleep(PAUSE)
            for name, query in asked.items():
                query.look()
                if query.answer is None and not is_running(name):
                    raise explain(name, Message(N_("the host ended while it booted")))
                if query.answer is None and time.monotonic() > deadline:
                    values = {"seconds": limit, "complaint": query.complaint}
                    raise explain(name, Message(N_("no answer within {seconds:g} s ({complaint})"), values))
    finally:
        for query in asked.values():
            query.drop()
    return {name: query.answer for name, query in asked.items() if query.answer}


def close(seat_id: str, host: str = "*") -> None:
    """Wait until the shared connections of a seat, or to one host, have ended, after the hosts.

    Connections to containers end by themselves; those to virtual machines are told to end.

    Raises MachineryError when one stays for `CLOSE_LIMIT` seconds.
    """
    deadline = time.monotonic() + CLOSE_LIMIT
    for path in claims.folder(seat_id).glob(f"*@{host}"):
        if _is_open(path):
            with suppress(MachineryError):  # it ended meanwhile
                process.run(["ssh", "-q", "-O", "exit", "-o", f"ControlPath={path}", "host"])
        while _is_open(path):
            if time.monotonic() > deadline:
                raise MachineryError(
                    N_("an SSH connection does not end"), place=str(path), hint=N_("end its process")
                )
            time.sleep(0.01)


def _is_open(path: Path) -> bool:
    """Tell whether a process listens on the socket at `path`."""
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(str(path))
        return True
    return False


class BootQuery:
    """Asks a host over SSH how far it is, by a command, again and again until it can be reached."""

    def __init__(self, plan: Plan, host: str, command: str, patience: float) -> None:
        self.answer: BootReport | None = None
        self.complaint = Message(N_("nothing listens on port 22"))
        self._host = host
        self._patience = patience
        self._command = ["ssh", "-F", str(folder(plan) / "config"), host, command]
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
        self._ssh.kill()
        self._ssh.communicate()

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


def _from_namespace(plan: Plan) -> str:
    return FROM_NAMESPACE.format(
        namespace=network.NAMESPACES / network.namespace(plan.seat.id),
        python=ssh_settings.word(sys.executable),
        tunnel=ssh_settings.word(TUNNEL),
    )


def _config(plan: Plan, proxy: str) -> str:
    hosts = [
        HOST.format(name=host.name, address=network.management_address(plan, host).ip) for host in plan.hosts
    ]
    start = CONFIG.format(
        folder=folder(plan),
        key=ssh_settings.file(folder(plan) / "id_ed25519"),
        known=ssh_settings.file(folder(plan) / "known_hosts"),
        proxy=proxy,
        sockets=claims.folder(plan.seat.id),
    )
    return start + "".join(hosts)


def _public(file: Path) -> Path:
    return file.with_name(f"{file.name}.pub")
