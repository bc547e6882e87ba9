"""Jobs for tests of the pool, in a module that its processes can import."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from multiprocessing import connection
from pathlib import Path

from sharklab.errors import InputError, MachineryError


def work(job: str) -> object:
    """Do what `job` names; what follows a colon is a path."""
    job, _, path = job.partition(":")
    if job == "refuse":
        raise InputError("{file} is no good", file="this")
    if job == "break":
        raise MachineryError("the tool is broken")
    if job == "fault":
        raise KeyError("a fault of ours")
    if job == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if job == "leave":
        os._exit(0)
    if job == "die late":
        connection.Connection._send = _send_half  # type: ignore[attr-defined]
    if job == "hang":
        time.sleep(600)
    if job == "start":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # as in a long call of a C library
        with Path(path).open("w") as pipe:
            subprocess.run(["sh", "-c", "echo started; exec sleep 600"], stdout=pipe)
    if job == "listen":
        with Path(path).open() as pipe:
            return pipe.readline().strip()
    if job == "swell":
        return len(bytearray(1 << 30))
    return os.getpid() if job == "pid" else job.upper()


def _send_half(pipe: connection.Connection[object, object], answer: bytes) -> None:
    """Send half of an answer and die."""
    os.write(pipe.fileno(), bytes(answer[: len(answer) // 2]))
    os.kill(os.getpid(), signal.SIGKILL)
