"""Wait until containers have booted. systemd-nspawn tells it (--notify-ready, sd_notify(3)).

A login that asks costs 0.1 CPU-seconds for each host, and its SSH server then keeps 2 MiB for the session.
"""

from __future__ import annotations

import ctypes
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sharklab.errors import MachineryError
from sharklab.hosts.providers import boot, claims, consoles, network
from sharklab.lab.model import Host, Plan
from sharklab.message import N_, Message

READY = b"READY=1"
PAUSE = 0.1
DISCARD_PORT = 9
QUIET = 4.0
"""Seconds without news after which a host is asked: it may wait for a folder of a server that is off."""

COMPLETE = 0x2
"""ATF_COM of an entry of /proc/net/arp: the address answers."""

LIBC = ctypes.CDLL(None, use_errno=True)


def place(seat_id: str, host: str) -> Path:
    """Return the socket to which a host's systemd-nspawn tells that the host has booted."""
    return claims.folder(seat_id) / f"ready-{host}"


@contextmanager
def listen(plan: Plan, hosts: Sequence[Host]) -> Iterator[Mapping[str, socket.socket]]:
    """Listen for `hosts`, which start meanwhile."""
    with ExitStack() as stack:
        sockets = {}
        for host in hosts:
            file = place(plan.seat.id, host.name)
            file.unlink(missing_ok=True)
            sockets[host.name] = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            sockets[host.name].bind(str(file))
            sockets[host.name].setblocking(False)
            stack.callback(file.unlink, missing_ok=True)
        yield sockets


def wait(
    plan: Plan,
    sockets: Mapping[str, socket.socket],
    is_running: Callable[[str], bool],
    explain: Callable[[str, Message], MachineryError],
    limit: float | None = None,
) -> set[str]:
    """Wait until each host has started its units, or tried to, and has its address; return these hosts.

    When another host of the seat is there, the last ones have `QUIET` seconds more. Raises the error that
    `explain` returns for a host and a reason if one has ended, or starts no further unit within `limit`
    seconds (`consoles.LIMIT` without it).
    """
    limit = consoles.LIMIT if limit is None else limit
    shown, news = consoles.Consoles(plan, sockets), time.monotonic()
    booting, silent = dict(sockets), set(sockets)
    while silent:
        select.select(list(booting.values()), [], [], PAUSE)
        booting = {name: one for name, one in booting.items() if not _is_ready(one)}
        if there := find_answering_hosts(plan, silent - set(booting)):
            silent, news = silent - there, time.monotonic()
        elif len(silent) < len(plan.hosts) and time.monotonic() > news + QUIET:
            break
        for name in sorted(silent):
            if not is_running(name):
                raise explain(name, Message(N_("the host ended while it booted")))
            if shown.silence(name) > limit:
                complaint = Message(
                    N_("its units have not all started")
                    if name in booting
                    else N_("its address does not answer")
                )
                values = {"seconds": limit, "complaint": complaint}
                raise explain(name, Message(N_("no answer within {seconds:g} s ({complaint})"), values))
    return set(sockets) - silent


def _is_ready(one: socket.socket) -> bool:
    """Read all notes of a host, and tell whether one says that it has booted."""
    ready = False
    with suppress(BlockingIOError):
        while True:
            ready |= READY in one.recv(4096).splitlines()
    return ready


def find_answering_hosts(plan: Plan, hosts: Set[str]) -> set[str]:
    """Return those of `hosts` whose addresses answer on the controller's own network (ARP)."""
    addresses = {
        str(network.management_address(plan, host).ip): host.name for host in plan.hosts if host.name in hosts
    }
    ready: set[str] = set()
    if not hosts:
        return ready

    def look() -> None:
        # Only this thread goes there (setns(2)), and it ends there.
        with (network.NAMESPACES / network.namespace(plan.seat.id)).open() as own:
            if LIBC.setns(own.fileno(), boot.CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            for address in addresses:
                with suppress(OSError):  # an earlier one was refused
                    probe.sendto(b"", (address, DISCARD_PORT))
        table = Path(f"/proc/self/task/{threading.get_native_id()}/net/arp").read_text()
        for line in table.splitlines()[1:]:
            address, _, flags, *_ = line.split()
            if address in addresses and int(flags, 16) & COMPLETE:
                ready.add(addresses[address])

    thread = threading.Thread(target=look, name=f"arp-{os.getpid()}")
    thread.start()
    thread.join()
    return ready
