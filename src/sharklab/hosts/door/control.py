"""Start the process that keeps the terminals of the workbench, and find it again.

It holds workbench/lock as long as it lives. It ends when it keeps nothing and no workbench is served, so
it needs no stop of its own.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sharklab import state
from sharklab.hosts import background
from sharklab.hosts.door import protocol
from sharklab.hosts.providers import cgroups
from sharklab.message import N_, Message

LOOK = 5.0
"""Seconds between two looks whether anybody needs the process."""

GRACE = 60.0
"""Seconds for which nobody needs the process before it ends."""

START_LIMIT = 30.0
SOCKET = "socket"
RUN = Path("/run")
WHAT = Message(N_("the workbench"))


def folder() -> Path:
    """Return the folder of the workbench in the state folder."""
    return state.root() / "workbench"


def lock_file() -> Path:
    """Return the file that the process holds locked."""
    return folder() / "lock"


def log_file() -> Path:
    """Return the log: refused requests, and faults."""
    return folder() / "log"


def door_folder() -> Path:
    """Return the folder of the door's socket: the web process, which has no right, must reach it."""
    return RUN / f"sharklab-{unit()}"


def make_door_folder() -> Path:
    """Make the folder of the door's socket for everybody, and return it: the door decides by the uid."""
    made = door_folder()
    made.mkdir(mode=0o755, exist_ok=True)
    return made


@contextmanager
def keep_alive() -> Iterator[None]:
    """Let the process live during the block, also when it keeps nothing.

    Raises Busy when another workbench is served.
    """
    with state.lock(state.folder(folder()) / "serving", WHAT, patience=2.0):
        yield


def is_served() -> bool:
    """Tell whether a workbench is served."""
    return state.is_locked(folder() / "serving")


def start(command: Sequence[str], uid: int) -> Path:
    """Return the socket of the door; `command` becomes its process when none runs, for a front of `uid`.

    Raises MachineryError, with the words of its log, when it does not begin.
    """
    door = door_folder() / SOCKET
    with state.lock(state.folder(folder()) / "starting", WHAT, patience=START_LIMIT):
        if not state.is_locked(lock_file()):
            door.unlink(missing_ok=True)
            cgroups.end(unit())
            sentence = N_("the workbench cannot keep terminals: {said}")
            background.start(
                unit(), [*command, str(uid)], log_file(), lambda: _answers(door), START_LIMIT, sentence
            )
    return door


def end_visits(lab: str, student: str) -> None:
    """End the visits at the terminals of a seat. Without a process that keeps terminals there are none."""
    with suppress(protocol.BrokenTalk):
        protocol.ask(str(door_folder() / SOCKET), {"want": "end visits", "lab": lab, "student": student})


def _answers(path: Path) -> bool:
    """Tell whether the door listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def unit() -> str:
    """Return the name of the process's control group: one for each state folder."""
    return "sl-bench-" + hashlib.sha256(str(state.root()).encode()).hexdigest()[:8]
