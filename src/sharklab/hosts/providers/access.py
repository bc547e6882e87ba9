"""The controller's way into the hosts of a seat: keys, and one ssh_config(5) for everybody.

Connections are made from the seat's network namespace by a ProxyCommand, so no route to a lab
exists on the machine; the first one stays open and is shared by those that follow.
"""

from __future__ import annotations

import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts import ssh_settings
from sharklab.hosts.providers import claims, network
from sharklab.lab.model import Plan, Seat
from sharklab.message import N_

CLOSE_LIMIT = 10.0
SYNC_LIMIT = 300.0
"""Seconds in which a host writes out its memory: an emulated one on a busy computer is slow."""

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
    ConnectTimeout {login}
    # A host that was powered off says no more; one on a busy computer needs half a minute for a login.
    ServerAliveInterval 15
    ServerAliveCountMax 4
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


def write_out(own: Seat, host: str) -> None:
    """Have a running host write all that it keeps in memory to its disk (sync(1)). Raises MachineryError."""
    process.run(["ssh", "-F", own.folder / "ssh" / "config", host, "sync"], timeout=SYNC_LIMIT)


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
        login=process.LOGIN_SECONDS,
    )
    return start + "".join(hosts)


def _public(file: Path) -> Path:
    return file.with_name(f"{file.name}.pub")
