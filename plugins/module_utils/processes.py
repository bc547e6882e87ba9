# SPDX-License-Identifier: MIT
"""Processes of this host: the descendants of a process, and how to end them all."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own (PR_SET_CHILD_SUBREAPER, prctl(2))."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def signal_group(pid: int, number: int) -> None:
    """Send a signal to the process group that `pid` leads, if any of it is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def signal_process(pid: int, number: int) -> None:
    """Send a signal to one process, if it is left."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def find_ended_children() -> Iterator[os.waitid_result]:
    """Yield each child that has ended. The caller must reap it before asking for the next.

    A child that was not reaped keeps its number, so its group can be signalled safely.
    """
    while True:
        try:
            child = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if child is None:
            return
        yield child


def process_ids() -> list[int]:
    """Return all processes that are visible from here."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def holders(file: Path) -> list[int]:
    """Return the processes that have `file` (an absolute path) open, also when it was removed since."""
    names = {str(file), f"{file} (deleted)"}
    return [pid for pid in process_ids() if names & open_files(pid)]


def open_files(pid: int) -> set[str]:
    """Return the open files of a process; only those that it opens or closes meanwhile may be missing."""
    targets = set()
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                targets.add(os.readlink(descriptor))
    return targets


def descendants(ancestor: int) -> list[int]:
    """Return the processes below `ancestor`, from /proc/PID/stat (proc(5))."""
    children: dict[int, list[int]] = {}
    for pid in process_ids():
        with contextlib.suppress(OSError):  # it has ended meanwhile
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(pid)
    pids = list(children.get(ancestor, []))
    for pid in pids:
        pids.extend(children.get(pid, []))
    return pids


def kill_descendants(limit: float) -> None:
    """Kill and reap all that is left below this process, within `limit` seconds.

    A process that the kernel holds for longer than that cannot be killed.
    """
    end = time.monotonic() + limit
    while time.monotonic() < end:
        for pid in descendants(os.getpid()):
            signal_process(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        select.select([], [], [], 0.01)
