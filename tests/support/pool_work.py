"""Jobs for tests of the pool, in a module that its processes can import."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
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
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return bytes(200 << 20)  # more than a pipe holds: the answer is cut in the middle
    if job == "hang":
        time.sleep(600)
    if job == "start":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # as in a long call of a C library
        child = subprocess.Popen(["sleep", "600"])
        Path(path).write_text(str(child.pid))
        child.wait()
    if job == "swell":
        return len(bytearray(1 << 30))
    return os.getpid() if job == "pid" else job.upper()
