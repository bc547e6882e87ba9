"""The users of this machine that stand for the users of a host: 65536 that no other host has.

The mark of the seat holds the first of them for each host, so `down` and a reboot of the machine give them
back. A lock on the folder of all marks keeps two starts apart: while it has a mark, the folder stays.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.providers import claims
from sharklab.hosts.providers.boot import COUNT
from sharklab.message import N_

FIRST, END = 0x80000, 0x70000000
"""The users that systemd sets aside for containers (systemd's UIDS-GIDS document)."""

DELEGATED = (Path("/etc/subuid"), Path("/etc/subgid"))
"""The users that other tools for containers have, subuid(5)."""


def take(seat_id: str, host: str) -> int:
    """Return the first user of the host's range, which it has until its seat's mark goes.

    The seat must be marked. Raises MachineryError when no range is free.
    """
    note = state.folder(claims.folder(seat_id) / "users") / host
    with _alone():
        if not note.exists():
            state.write(note, str(_free()))
        return int(note.read_text())


def _free() -> int:
    """Return the first user of a range that neither a host nor another tool has."""
    taken = {first for file in state.find(claims.MARKS, "*/users/*") if (first := _number(file)) is not None}
    foreign = list(_list_delegated())
    for first in range(FIRST, END, COUNT):
        if first not in taken and not any(start < first + COUNT and first < end for start, end in foreign):
            return first
    raise MachineryError(
        N_("no users are left for a host"),
        place=str(DELEGATED[0]),
        hint=N_("take seats down, or take lines out of this file"),
    )


def _number(file: Path) -> int | None:
    with suppress(FileNotFoundError, ValueError):  # another seat goes, or is just being written
        return int(file.read_text())
    return None


def _list_delegated() -> Iterator[tuple[int, int]]:
    """Yield the ranges of other tools: their first user, and the one after their last."""
    for file in DELEGATED:
        with suppress(OSError):
            for line in file.read_text(errors="replace").splitlines():
                with suppress(ValueError):
                    _, start, count = line.split(":")
                    yield int(start), int(start) + int(count)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other processes from choosing a range meanwhile."""
    folder = os.open(claims.MARKS, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
