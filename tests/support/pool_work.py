"""Jobs for tests of the pool, in a module that its processes can import."""

from __future__ import annotations

import os
import signal
import time

from sharklab.errors import InputError, MachineryError


def work(job: str) -> object:
    """Do what `job` names."""
    if job == "refuse":
        raise InputError("{file} is no good", file="this")
    if job == "break":
        raise MachineryError("the tool is broken")
    if job == "fault":
        raise KeyError("a fault of ours")
    if job == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if job == "hang":
        time.sleep(600)
    if job == "swell":
        return len(bytearray(1 << 30))
    return os.getpid() if job == "pid" else job.upper()
