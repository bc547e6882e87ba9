"""The firewall of this machine: whether it lets people reach a port on which sharklab listens.

firewalld is asked, which Rocky starts by itself; it closes each port that nobody opened. The seats do not
meet it: their networks are in namespaces of their own.
"""

from __future__ import annotations

import shutil

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.message import N_, Message

CLIENT = "firewall-cmd"
ACCEPTS_ALL = "trusted"
"""The zone of firewalld that lets everything in (firewalld.zones(5))."""

LIMIT = 20.0
"""Seconds that firewalld may take to answer."""

CLOSED = N_(
    "nobody reaches port {port} from another machine: firewalld closes it; "
    "as root, run: firewall-cmd --add-port={port}/tcp && firewall-cmd --permanent --add-port={port}/tcp"
)


def check_port(address: str, port: int) -> list[Message]:
    """Return a sentence if firewalld of this machine lets nobody reach the TCP port at `address`."""
    is_near = address == "::1" or address.startswith("127.")
    if is_near or not shutil.which(CLIENT) or _ask("--state") is None:
        return []
    words = (_ask("--get-active-zones") or "").splitlines()
    active = {line.split()[0] for line in words if line and not line.startswith(" ")}
    zones = active | {(_ask("--get-default-zone") or "").strip()}
    if ACCEPTS_ALL in zones or any(_lets_in(zone, port) for zone in sorted(zones)):
        return []
    return [Message(CLOSED, {"port": port})]


def _lets_in(zone: str, port: int) -> bool:
    return _ask(f"--zone={zone}", f"--query-port={port}/tcp") is not None


def _ask(*words: str) -> str | None:
    """Return the answer of firewalld; None when it says no, does not run, or does not answer."""
    try:
        return process.run([CLIENT, *words], timeout=LIMIT)
    except MachineryError:
        return None
