"""End what a killed run of tests leaves: its processes, and the seats of its students and temporary folders.

A small process waits for the end of the run, in a session of its own, so that no signal to the run ends it.
A run that ends in order ends that process, too, for its fixtures have removed the seats.

As a script it ends what is left of a run: leftovers.py FOLDER RUN
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sharklab.hosts.providers import cgroups, claims
from sharklab.hosts.providers.this_computer import CONTAINERS
from sharklab.hosts.ssh_gateway import control as gateway
from sharklab.lab.model import Seat

VARIABLE = "SHARKLAB_TEST_RUN"
"""The environment variable that every process of a run has: the name of the run."""

ROOT = Path(__file__).resolve().parents[2]
WAIT = 'read -r end && exit; exec "$@"'
"""A line means that the run has ended in order; the end of the pipe without one, that it was killed."""

LIMIT = 30.0
PAUSE = 0.05


@contextmanager
def ended(folder: Path, run: str) -> Iterator[None]:
    """End what is left of a run if this process is killed meanwhile; `folder` has the temporary files."""
    read, write = os.pipe()
    before = os.environ.get(VARIABLE)
    with (folder / "leftovers.log").open("wb") as log:
        waiting = subprocess.Popen(
            ["sh", "-c", WAIT, "sh", sys.executable, "-P", __file__, str(folder), run],
            stdin=read,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            start_new_session=True,
        )
    os.close(read)
    os.environ[VARIABLE] = run
    try:
        yield
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before
        os.write(write, b"\n")
        os.close(write)
        waiting.wait()


def end(folder: Path, run: str) -> None:
    """End the processes of a run, then remove its seats and the remains of its interrupted bakes."""
    deadline = time.monotonic() + LIMIT
    while left := list(processes(run)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"these processes do not end: {left}")
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE)
    for root in (*folder.glob("*"), *folder.glob("*/state")):
        cgroups.end(f"{gateway.unit(root)}*")
    for path in claims.MARKS.glob("*/folder"):
        own = claims.owner(path.parent.name)
        if own and (own.is_relative_to(folder) or run in own.name):
            CONTAINERS.down(Seat("", "", path.parent.name, "", "", "", {}, own))
    CONTAINERS.sweep()


def processes(run: str) -> Iterator[int]:
    """Yield the processes that have the name of the run in their environment (proc(5))."""
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"{VARIABLE}={run}".encode() in file.read_bytes().split(b"\0"):
                yield int(file.parent.name)


if __name__ == "__main__":
    end(Path(sys.argv[1]), sys.argv[2])
