"""Start a process that outlives the command: the gateway, and the door of the workbench."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sharklab import process, untrusted
from sharklab.errors import MachineryError
from sharklab.hosts.providers import cgroups
from sharklab.message import N_, Message

PAUSE = 0.02
LARGEST_LOG = 8 << 20
"""Bytes of a log that is continued; a larger one becomes log.1."""


def note(line: str) -> None:
    """Write a line into the log of this process, which is its standard error. It stays one line."""
    text = untrusted.one_line(line)
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def start(
    unit: str, command: Sequence[str], log: Path, answers: Callable[[], bool], limit: float, sentence: str
) -> None:
    """Start `command` in the control group `unit`, and return when it answers.

    Its output goes to the end of `log` (0600). Raises MachineryError, with `sentence` and the last lines of
    the log as its `said`, when it ends before it answers, or does not answer within `limit` seconds. The
    group is then ended.
    """
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_name("log.1"))
    with log.open("ab") as file:
        log.chmod(0o600)
        begin = file.tell()
        child = subprocess.Popen(
            [*cgroups.launcher(unit), *command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    deadline = time.monotonic() + limit
    while not answers():
        if child.poll() is not None or time.monotonic() > deadline:
            cgroups.end(f"{unit}*")
            child.kill()  # it may not have joined the group yet
            child.wait()
            said: Message | str = process.last_lines(log.read_bytes()[begin:].decode(errors="replace"), 2)
            if not said and time.monotonic() > deadline:
                said = Message(N_("no answer within {seconds:g} s"), {"seconds": limit})
            raise MachineryError(sentence, place=str(log), said=said)
        time.sleep(PAUSE)
    threading.Thread(target=child.wait, daemon=True).start()  # so that no zombie of it stays
