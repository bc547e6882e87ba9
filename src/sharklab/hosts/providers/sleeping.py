"""Seats that sleep: the kernel runs no process of their hosts (cgroups(7)), and their memory stays as it is.

A note in the seat's folder says that it sleeps, so that `wake` costs nothing where no seat does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from sharklab import state
from sharklab.hosts.providers import cgroups, network, nspawn, qemu
from sharklab.hosts.providers.cluster import looks
from sharklab.lab.model import Seat

USERS = range(1000, 60_000)
"""User ids of people (login.defs(5), UID_MIN and UID_MAX)."""

IDS = 1 << 16
"""Each user namespace of a host has so many user ids, in order (user_namespaces(7))."""


def sleep(own: Seat) -> None:
    """Put the hosts of a seat to sleep. Raises MachineryError when one does not stop; then none sleeps."""
    state.write(_note(own), "")
    try:
        looks.freeze(own)
        for unit in _units(own):
            cgroups.freeze(unit)
    except BaseException:
        wake(own)
        raise


def wake(own: Seat) -> None:
    """Wake the hosts of a seat; one that does not sleep stays as it is."""
    if not _note(own).exists():
        return
    looks.thaw(own)
    for unit in _units(own):
        cgroups.thaw(unit)
    _note(own).unlink(missing_ok=True)


def resume(own: Seat) -> None:
    """Let hosts run again that a command left paused, because it was killed while it copied a disk.

    Only who holds the seat may call it: another command may copy a disk now.
    """
    nspawn.resume(_pattern(own))
    qemu.resume(own.id)


def is_asleep(own: Seat) -> bool:
    """Tell whether a host of the seat sleeps."""
    return any(cgroups.is_frozen(unit) for unit in _units(own)) or looks.is_frozen(own)


def is_in_use(own: Seat) -> bool:
    """Tell whether a person's process is on a host of the seat: a login, or what a login has left there."""
    local = (uid for unit in _units(own) for uid in _users(unit))
    return any(uid % IDS in USERS for uid in chain(local, looks.users(own)))


def _units(own: Seat) -> list[str]:
    return cgroups.units(_pattern(own))


def _pattern(own: Seat) -> str:
    return f"{network.namespace(own.id)}-*"


def _users(unit: str) -> Iterator[int]:
    """Yield the real user ids of the processes of a unit (proc(5), status)."""
    for pid in cgroups.processes(unit):
        with suppress(OSError, StopIteration):  # it has ended
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            yield int(next(line for line in lines if line.startswith("Uid:")).split()[1])


def _note(own: Seat) -> Path:
    return own.folder / "asleep"
