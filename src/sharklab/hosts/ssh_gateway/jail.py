"""The jail of the gateway's sshd: a container without network and without files of the server.

systemd-nspawn(1) makes it from the server's own /usr, read-only, and an empty root in memory. It has user
ids of its own, so root in the jail is nobody on the server, and its own passwd, so every student is a user
there and none on the server. It listens on no port: the supervisor hands the listening socket over.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from socket import socket

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.door import protocol
from sharklab.hosts.providers import access, cgroups
from sharklab.hosts.providers.cgroups import Limits
from sharklab.hosts.ssh_gateway import keys, names, students
from sharklab.hosts.ssh_gateway.session import SUBSYSTEM
from sharklab.hosts.ssh_gateway.students import Login
from sharklab.message import N_

BASE = 0x6FFE0000
"""The user id that is root in the jail: the last 65536 of those that systemd leaves to containers."""

IDS = 1 << 16
LIMITS = Limits(memory=2 << 30, processes=8192, cpu_weight=100)
"""Of the jail with all logins. Measured: an open login takes 4 MiB and 3 processes; init.py allows 512."""

SHADOW = "shadow"
"""The file with the hashes of the passwords (shadow(5)), for the root of the jail alone."""

PROGRAMS = ("init.py", "list_keys.py", "login.py", "tunnel_door.py")
PACKAGES = ("sharklab", "sharklab/hosts", "sharklab/hosts/door")
"""The packages around `hosts.door.protocol`, which are empty in the jail."""

LISTENER = """
mkdir -p /run/systemd/nspawn && mount -t tmpfs -o mode=755 tmpfs /run/systemd/nspawn &&
    exec 3<&0 4<&"$1" 0</dev/null && shift && LISTEN_FDS=2 LISTEN_PID=$$ exec "$@"
"""
"""systemd-nspawn has locks of its own here, and hands descriptors 3 and 4 on (sd_listen_fds(3))."""

CONFIG = """\
HostKey /etc/sharklab/host_key
AuthenticationMethods publickey password
PasswordAuthentication yes
PermitEmptyPasswords no
ExposeAuthInfo yes
KbdInteractiveAuthentication no
PermitRootLogin no
UsePAM no
AuthorizedKeysFile none
AuthorizedKeysCommand /etc/sharklab/list_keys %u
AuthorizedKeysCommandUser keys
ForceCommand exec {python} -s -S -E /gateway/programs/login.py
Subsystem sftp {subsystem}
AcceptEnv LANG LC_ALL LC_MESSAGES
PermitUserEnvironment no
PermitUserRC no
AllowAgentForwarding no
AllowStreamLocalForwarding no
AllowTcpForwarding local
GatewayPorts no
PermitListen none
PermitTunnel no
X11Forwarding no
PrintMotd no
PrintLastLog no
LoginGraceTime 60
MaxStartups 200
MaxAuthTries 10
MaxSessions 20
ClientAliveInterval 30
ClientAliveCountMax 4
TCPKeepAlive yes
UseDNS no
PidFile none
LogLevel INFO
"""
PENALTIES = "PerSourcePenalties no"
"""sshd 9.8 and newer refuse an address for some time after failed logins, and a class behind NAT has one."""


def folder() -> Path:
    """Return the folder whose parts the jail sees."""
    return students.folder() / "jail"


def host_key() -> Path:
    """Return the file of the gateway's own host key, which is made once and kept."""
    return students.folder() / "host_key"


def write_lists(known: Mapping[str, Login], labs: Mapping[str, tuple[str, ...]]) -> dict[str, names.Target]:
    """Write the students' login names and keys, and the ways of ports; return the names.

    Each connection reads the lists again, so a change counts at once.
    """
    lists = folder() / "lists"
    targets = names.logins(known, labs)
    addresses = names.number_names(labs)
    keys = {
        "names": {name: [target.student] for name, target in targets.items()},
        "keys": {student: own.keys for student, own in known.items()},
        "hosts": list(addresses),
    }
    relay = {
        "students": {str(own.uid): student for student, own in known.items()},
        "hosts": {address: names.split_name(name, labs) for name, address in addresses.items()},
    }
    for name, content in {
        "passwd": names.passwd(known, targets),
        "hosts": names.hosts_file(addresses),
        "keys.json": json.dumps(keys),
        "relay.json": json.dumps(relay),
        "sshd_config": config(),
    }.items():
        state.write(lists / name, content, 0o644)
    return targets


def config() -> str:
    """Return the settings of sshd (sshd_config(5)), as the sshd of this server knows them.

    Raises MachineryError without an sshd.
    """
    text = CONFIG.format(python=python(), subsystem=SUBSYSTEM)
    return f"{text}{PENALTIES}\n" if _knows(sshd(), PENALTIES) else text


@cache
def _knows(program: str, setting: str) -> bool:
    """Tell whether an sshd knows a setting. It reads `-o` before it looks for its keys (sshd(8))."""
    words = [program, "-t", "-f", "/dev/null", "-o", setting]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return "Bad configuration option" not in done.stderr


def prepare() -> None:
    """Write the programs and the host key of the jail, and the empty folder of the door."""
    for name in ("lists", "programs", "private", "door"):
        _open_folder(folder() / name)
    for name in PROGRAMS:
        text = resources.files("sharklab.hosts.ssh_gateway.inside").joinpath(name).read_text("utf-8")
        state.write(folder() / "programs" / name, text, 0o644)
    for name in PACKAGES:
        _open_folder(folder() / "programs" / name)
        state.write(folder() / "programs" / name / "__init__.py", "", 0o644)
    own = Path(protocol.__file__)
    state.write(folder() / "programs" / PACKAGES[-1] / own.name, own.read_text(encoding="utf-8"), 0o644)
    access.make_key(host_key(), "sharklab-gateway")
    _write_secret("host_key", host_key().read_bytes())


def write_passwords(known: Mapping[str, Login]) -> None:
    """Write the hashes of the students' passwords, of those who may use theirs. Raises MachineryError."""
    names = [name for name, own in known.items() if own.has_password]
    hashes = keys.hashes([keys.password(name) for name in names])
    lines = [f"{name}:{own}:::::::\n" for name, own in zip(names, hashes, strict=True)]
    _write_secret(SHADOW, "".join(lines).encode())


def _write_secret(name: str, content: bytes) -> None:
    """Write a file for the root of the jail alone, whole or not at all."""
    secret = folder() / "private" / name
    new = secret.with_name(f"{name}.new")
    state.write(new, content)
    os.chown(new, BASE, BASE)
    new.replace(secret)


def _open_folder(path: Path) -> None:
    """Make a folder that every user may enter; the folder above it is the owner's alone."""
    state.folder(path)
    path.chmod(0o755)


def start(listener: socket, alive: int, unit: str) -> subprocess.Popen[bytes]:
    """Start the jail, which accepts connections on `listener` and ends when the pipe `alive` ends.

    `unit` is its control group, with the limits of all logins together. Raises MachineryError.
    """
    cgroups.end(unit)
    words = [*cgroups.launcher(unit, LIMITS)]
    words += ["unshare", "--mount", "--propagation", "private", "sh", "-c", LISTENER, "sh", str(alive)]
    return subprocess.Popen(
        [*words, *_nspawn()],
        stdin=listener.fileno(),
        pass_fds=(alive,),
        env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
    )


def _nspawn() -> list[str]:
    """Return the command that makes the jail; the reason for each option stands beside it."""
    return [
        "systemd-nspawn",
        "--quiet",
        "--directory=/",
        "--volatile=yes",  # an empty root in memory, with /usr of the server, read-only
        f"--private-users={BASE}:{IDS}",
        "--private-network",  # no card but lo: whoever breaks sshd reaches no network
        "--capability=CAP_NET_ADMIN",  # of that network: init.py brings lo up and writes its rules
        "--as-pid2",
        "--keep-unit",
        "--register=no",
        "--machine=sharklab-gateway",
        "--hostname=gateway",
        "--console=pipe",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        *(
            f"--bind-ro={_plain(folder() / name)}:/gateway/{name}"
            for name in ("lists", "programs", "private")
        ),
        f"--bind-ro={_plain(folder() / 'door')}:/gateway/door",
        "--",
        python(),
        "-s",
        "-S",
        "-E",
        "/gateway/programs/init.py",
        sshd(),
        python(),
    ]


def _plain(path: Path) -> str:
    """Return a path as systemd-nspawn(1) reads it, where a colon ends it."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:")


def python() -> str:
    """Return an interpreter that lies in /usr, which alone the jail has."""
    own = Path(sys.executable).resolve()
    return str(own) if own.is_relative_to("/usr") else "/usr/bin/python3"


def sshd() -> str:
    """Return the file of sshd, which must be named from the root. Raises MachineryError without one."""
    found = shutil.which("sshd")
    if not found:
        raise MachineryError(
            N_("not installed on this machine: {tools}"), hint="apt-get install openssh-server", tools="sshd"
        )
    return str(Path("/usr") / Path(found).resolve().relative_to("/usr"))
