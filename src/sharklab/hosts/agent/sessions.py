"""Other processes over sharklab's SSH connection: those of a killed run, and shells of the seat."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

CONNECTION = ("sshd", "sshd-session")


def end_others() -> None:
    """End all processes of this SSH connection but those that lead to this one.

    A run that was killed on the controller may still be at work here, and would go on to change things.
    """
    parents = _parents()
    own = _chain(os.getpid(), parents)
    connection = next((pid for pid in own if _name(pid) in CONNECTION), None)
    if connection is None:
        return
    for pid in parents:
        if pid not in own and connection in _chain(pid, parents):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _parents() -> dict[int, int]:
    """Return the parent of every process (proc(5), stat: the name in brackets may hold anything)."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return parents


def _chain(pid: int, parents: dict[int, int]) -> list[int]:
    """Return the process and all that it descends from, the nearest first."""
    chain = []
    while pid in parents:
        chain.append(pid)
        pid = parents[pid]
    return chain


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""
