"""The two accelerators of QEMU, KVM and emulation (TCG), and the features of this version of QEMU."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from sharklab import process, system_packages
from sharklab.hosts.image.model import Accelerator

DEVICE = Path("/dev/kvm")
QEMU = "qemu-system-x86_64"

KVM = Accelerator("kvm", "host")
TRANSLATIONS = 128
"""Mebibytes of translated code that the emulation keeps."""

TCG = Accelerator(f"tcg,thread=multi,tb-size={TRANSLATIONS}", "max")


def program() -> str:
    """Return QEMU's file on this machine, which is not in the PATH on Red Hat's family.

    Raises MachineryError, with what to install, when there is none.
    """
    process.require(QEMU)
    return system_packages.find(QEMU)


def version() -> str:
    """Return QEMU's version: only the version that made a snapshot restores it."""
    return _output(program(), "--version").partition("\n")[0]


def has_run_with_user() -> bool:
    """Tell whether -run-with names the user to become: newer ones know it, and not for ever -runas."""
    options = _output(program(), "-help").splitlines()
    return any(line.startswith("-run-with") and "user=" in line for line in options)


def can_map_read_only() -> bool:
    """Tell whether memory can be mapped for one machine alone from a file that is open for reading only."""
    return "rom=" in _output(program(), "-object", "memory-backend-file,help")


@cache
def _output(*words: str) -> str:
    return subprocess.run(words, check=False, capture_output=True, text=True).stdout
