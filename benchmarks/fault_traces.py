"""What tells on a host that a fault was injected: benchmarks/faults.py asks after each injection.

A student looks for files that changed lately, for copies that an editor or a tool left, for a history of
commands, and for lines of the journal. A connection that was open before the fault would go on and hide it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Ask = Callable[[str, str], str]
"""Runs a command on a host as the controller, and returns what it printed."""

BACKUP = re.compile(r"(~|\.(bak|backup|old|orig|save|swp|rpmsave|rpmnew|dpkg-\w+|\d+))$")
"""The names of copies that tools leave."""

FILES = "find / -xdev ! -path '/var/tmp/kept*' -print | sort"
FRESH = "find / /tmp /var -xdev -newermt @{{mark}} {} -print | sort -u".format(
    " ".join(
        f"! -path '{each}'"
        for each in (
            "/var/tm[p]*",
            "/run",
            "/var/log/wtmp",
            "/var/log/lastlog",
            "/var/lib/nfs*",
            "/var/log/ganesha*",
        )
    )
)
HISTORY = "find /root /home -xdev -name '.*_history' -newermt @{mark}"
NAMES = "grep -rl '\\b{id}\\b' /etc /root /home /srv /usr/local /var/lib /var/log /run/systemd 2>/dev/null"
JOURNAL = "journalctl --quiet --no-pager | grep -v '{own}'"
OWN = "\\|".join(
    (
        *("sshd", "ssh:", "Accepted ", "[Ss]ession ", "of user root", "user-0", "User ID 0", "Disconnect"),
        *("Received disconnect", "Connection closed", "Server listening", "[Jj]ournal", "scope:"),
        *("systemd.[0-9][0-9]", "user.1000", "user-runtime-dir.1000", "run-user-1000"),
        *("hostname1", "systemd-hostnamed"),
    )
)
"""Lines that come now as before: the logins of the controller and of the student, and a service of
NetworkManager that ends half a minute after its last use."""
OPEN = "ss --no-header --tcp --numeric state established 'dst {address} and dport = :{port}'"


@dataclass(frozen=True)
class Mark:
    """A moment before an injection: its epoch seconds by the host's clock, and the files that are there."""

    time: float
    files: frozenset[str]


def begin(ask: Ask, host: str) -> Mark:
    """Return the mark of a host.

    The service of host names would end half a minute after its last use, and then change /tmp.
    """
    time = ask(host, "systemctl stop systemd-hostnamed; sleep 1.1; date +%s.%N; sleep 0.1")
    return Mark(float(time), frozenset(ask(host, FILES).splitlines()))


def find(ask: Ask, host: str, mark: Mark, id: str) -> Iterator[str]:
    """Yield what tells on a host that the fault `id` was injected after `mark`."""
    values = {"mark": mark.time, "id": id, "own": OWN}
    for title, look in (
        ("fresh", FRESH),
        ("history", HISTORY),
        ("names", NAMES),
        ("journal", JOURNAL),
    ):
        if lines := ask(host, look.format(**values)).splitlines():
            yield f"{host} {title}: {lines[:6]}"
    new = [*filter(BACKUP.search, {*ask(host, FILES).splitlines()} - mark.files)]
    if new:
        yield f"{host} backups: {sorted(new)}"


def open_connections(ask: Ask, host: str, address: str, port: int) -> Iterator[str]:
    """Yield the connections of a host to a port that an injection left open."""
    if lines := ask(host, OPEN.format(address=address, port=port)).splitlines():
        yield f"{host} has open connections: {lines}"
