"""The names with which students log in, and the names of hosts to which ports are forwarded.

`alice` opens a menu, `alice+client` a host, `alice+tp4` and `alice+tp4+client` the same for one lab. sshd
knows a user only if passwd(5) does, so each name has a line in the jail's own passwd.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sharklab import state
from sharklab.errors import SharklabError
from sharklab.hosts.ssh_gateway.students import Login
from sharklab.lab import load, plan_file

SEPARATOR = "+"
FIRST_ADDRESS = (127 << 24) + (2 << 16)
"""127.2.0.0, addresses of hosts inside the jail, which has no other network."""

MOST_HOSTS = 1 << 16
SYSTEM = """\
root:*:0:0::/:/usr/sbin/nologin
sshd:*:100:65534::/run/sshd:/usr/sbin/nologin
keys:*:101:65534::/:/usr/sbin/nologin
nobody:*:65534:65534::/:/usr/sbin/nologin
"""
"""The accounts of the jail that nobody logs in to. `*` is a password that nothing matches."""


@dataclass(frozen=True)
class Target:
    """A login name taken apart: the student, and the lab and the host, which may be missing."""

    student: str
    lab: str = ""
    host: str = ""


def hosts_of_labs() -> dict[str, tuple[str, ...]]:
    """Return the names of the hosts of each lab that `labs/` or a seat of this machine has."""
    hosts: dict[str, tuple[str, ...]] = {}
    for name in load.names():
        try:
            hosts[name] = tuple(host.name for host in load.read_named(name).hosts)
        except SharklabError:  # an author is at work on it
            continue
    for file in state.find(state.seats_folder(), "*/*/plan.json"):
        if file.parent.parent.name not in hosts:
            hosts |= _hosts_of_seat(file)
    return hosts


def _hosts_of_seat(file: Path) -> dict[str, tuple[str, ...]]:
    try:
        return {file.parent.parent.name: tuple(host.name for host in plan_file.read(file).hosts)}
    except SharklabError:
        return {}


def logins(students: Iterable[str], labs: Mapping[str, Iterable[str]]) -> dict[str, Target]:
    """Return the meaning of each login name. A student goes before a host, and a host before a lab."""
    targets: dict[str, Target] = {}
    ends: dict[str, tuple[str, str]] = {lab: (lab, "") for lab in labs}
    ends |= {host: ("", host) for hosts in labs.values() for host in hosts}
    ends |= {SEPARATOR.join((lab, host)): (lab, host) for lab, hosts in labs.items() for host in hosts}
    everybody = list(students)
    for student in everybody:
        targets |= {SEPARATOR.join((student, end)): Target(student, *own) for end, own in ends.items()}
    return targets | {student: Target(student) for student in everybody}


def passwd(students: Mapping[str, Login], targets: Mapping[str, Target]) -> str:
    """Return passwd(5) of the jail: all names of one student have one uid."""
    lines = [
        f"{name}:*:{uid}:{uid}::/:/bin/sh"
        for name, target in sorted(targets.items())
        for uid in [students[target.student].uid]
    ]
    return SYSTEM + "".join(f"{line}\n" for line in lines)


def number_names(labs: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return an address inside the jail for each name of a host, `client` and `client.tp4`."""
    hosts = {host for own in labs.values() for host in own}
    names = sorted(hosts | {f"{host}.{lab}" for lab, own in labs.items() for host in own})
    numbers = range(FIRST_ADDRESS + 1, FIRST_ADDRESS + MOST_HOSTS)
    return {name: _write_address(number) for name, number in zip(names, numbers, strict=False)}


def _write_address(number: int) -> str:
    return ".".join(str(part) for part in number.to_bytes(4, "big"))


def hosts_file(addresses: Mapping[str, str]) -> str:
    """Return hosts(5) of the jail."""
    return "".join(f"{address} {name}\n" for name, address in addresses.items())


def split_name(name: str, labs: Iterable[str]) -> tuple[str, str]:
    """Return lab and host of a name of `number_names`."""
    for lab in labs:
        if name.endswith(f".{lab}"):
            return lab, name.removesuffix(f".{lab}")
    return "", name
