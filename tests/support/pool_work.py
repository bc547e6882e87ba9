"""Work items for tests of the pool, in a module that its processes can import."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from multiprocessing import connection
from pathlib import Path

from sharklab.errors import InputError, MachineryError


def work(item: str) -> object:
    """Do what `item` names; what follows a colon is a path."""
    item, _, path = item.partition(":")
    if item == "refuse":
        raise InputError("{file} is no good", file="this")
    if item == "break":
        raise MachineryError("the tool is broken")
    if item == "fault":
        raise KeyError("a fault of ours")
    if item == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if item == "leave":
        os._exit(0)
    if item == "die late":
        connection.Connection._send = _send_half  # type: ignore[attr-defined]
    if item == "hang":
        time.sleep(600)
    if item == "start":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # as in a long call of a C library
        with Path(path).open("w") as pipe:
            subprocess.run(["sh", "-c", "echo started; exec sleep 600"], stdout=pipe)
    if item == "listen":
        with Path(path).open() as pipe:
            return pipe.readline().strip()
    if item == "swell":
        return len(bytearray(1 << 30))
    return os.getpid() if item == "pid" else item.upper()


def _send_half(pipe: connection.Connection[object, object], answer: bytes) -> None:
    """Send half of an answer and die."""
    os.write(pipe.fileno(), bytes(answer[: len(answer) // 2]))
    os.kill(os.getpid(), signal.SIGKILL)
