"""Measurements of this machine that hold until it starts anew: each is kept in a file of the state folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import RLock

from sharklab import state

ALONE = RLock()
"""Held while this process measures: seats of a class come up in threads."""

ROOM = 16 << 20
"""Bytes that a trial may write. With less, it would tell of the full disk, and not of the machine."""

PATIENCE = 120.0
"""Seconds until a trial counts as failed: it takes one, and much more on a machine that is overloaded."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def after_boot(name: str, measure: Callable[[], str]) -> str:
    """Return the result of `measure`, one line, which is called once after each start of the machine.

    `name` is the file that keeps it. Raises what `measure` raises, and MachineryError when the disk is full.
    """
    with ALONE:
        known = read(name)
        if known is None:
            state.check_room(ROOM)
            return record(name, measure())
        return known


def read(name: str) -> str | None:
    """Return the result that is kept, or None when nothing was measured since the machine started."""
    file = state.root() / name
    boot, _, result = file.read_text().partition(" ") if file.exists() else ("", "", "")
    return result.rstrip("\n") if boot == BOOT_ID.read_text().strip() else None


def record(name: str, result: str) -> str:
    """Keep a result until the machine starts anew, and return it. That of a full disk is not kept."""
    if state.has_room(ROOM):
        state.write(state.root() / name, f"{BOOT_ID.read_text().strip()} {result}\n")
    return result
