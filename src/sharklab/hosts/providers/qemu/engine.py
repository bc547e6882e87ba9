"""What runs virtual machines here: KVM where a kernel was seen to boot under it, else QEMU's emulation.

That /dev/kvm exists, and opens, proves nothing: there are machines on which a guest then hangs.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from sharklab import process, state, system_packages
from sharklab.hosts.image.model import Engine

DEVICE = Path("/dev/kvm")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
QEMU = "qemu-system-x86_64"

TRIAL_SECONDS = 20.0
"""A kernel gets where it looks for its root in one second under KVM."""

GOT_THERE = "Unable to mount root fs"

KVM = Engine("kvm", "host")
TRANSLATIONS = 128
"""Mebibytes of translated code that the emulation keeps."""

TCG = Engine(f"tcg,thread=multi,tb-size={TRANSLATIONS}", "max")


def program() -> str:
    """Return QEMU's file on this machine, which is not in the PATH on Red Hat's family.

    Raises MachineryError, with what to install, when there is none.
    """
    process.require(QEMU)
    return system_packages.find(QEMU)


def find(kernel: Path) -> Engine:
    """Return what runs virtual machines here; tried with `kernel`, once after each start of the computer."""
    if not DEVICE.exists():
        return TCG
    record, boot = state.folder(state.root()) / "accelerator", BOOT_ID.read_text().strip()
    known = record.read_text().split() if record.exists() else []
    if known[:1] != [boot]:
        known = [boot, "kvm" if boots(kernel, KVM) else "tcg"]
        state.write(record, " ".join(known))
    return KVM if known[1:] == ["kvm"] else TCG


def boots(kernel: Path, engine: Engine, seconds: float = TRIAL_SECONDS) -> bool:
    """Tell whether `kernel`, without a disk, gets to where it looks for one within `seconds`."""
    from sharklab.hosts.providers.qemu import rights  # it asks this module

    argv = [
        program(),
        *rights.options("trial"),
        "-nodefaults",
        "-display",
        "none",
        "-machine",
        "q35",
        "-accel",
        engine.accelerator,
    ]
    argv += ["-cpu", engine.cpu, "-m", "256", "-no-reboot", "-serial", "stdio", "-kernel", str(kernel)]
    argv += ["-append", "console=ttyS0 panic=-1"]
    try:
        done = subprocess.run(
            argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return False
    return GOT_THERE.encode() in done.stdout


def version() -> str:
    """Return what QEMU says of its version: a snapshot is restored by the one that made it."""
    return _said(program(), "--version").partition("\n")[0]


def changes_user_when_run() -> bool:
    """Tell whether -run-with names the user to become: newer ones know it, and not for ever -runas."""
    options = _said(program(), "-help").splitlines()
    return any(line.startswith("-run-with") and "user=" in line for line in options)


def maps_without_writing() -> bool:
    """Tell whether memory can be mapped for one machine alone from a file that is open for reading only."""
    return "rom=" in _said(program(), "-object", "memory-backend-file,help")


@cache
def _said(*words: str) -> str:
    return subprocess.run(words, check=False, capture_output=True, text=True).stdout
