"""Choose the accelerator of virtual machines: KVM where a kernel was seen to boot under it, else emulation.

That /dev/kvm exists, and opens, proves nothing: on some computers a guest then hangs.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from sharklab.hosts.image.model import Accelerator
from sharklab.hosts.providers import trial_record
from sharklab.hosts.providers.qemu import accelerator, rights

TRIAL_SECONDS = 20.0
"""A kernel gets where it looks for its root in one second under KVM."""

REACHED_ROOT = "Unable to mount root fs"


def choose(kernel: Path) -> Accelerator:
    """Return the accelerator of virtual machines; `kernel` tries it once after each start of the computer."""
    if not accelerator.DEVICE.exists():
        return accelerator.TCG
    works = trial_record.after_boot("accelerator", lambda: "kvm" if boots(kernel, accelerator.KVM) else "tcg")
    return accelerator.KVM if works == "kvm" else accelerator.TCG


def boots(kernel: Path, tried: Accelerator, seconds: float = TRIAL_SECONDS) -> bool:
    """Tell whether `kernel`, without a disk, gets to where it looks for one within `seconds`."""
    argv = [
        accelerator.program(),
        *rights.options("trial"),
        "-nodefaults",
        "-display",
        "none",
        "-machine",
        "q35",
        "-accel",
        tried.option,
    ]
    argv += ["-cpu", tried.cpu, "-m", "256", "-no-reboot", "-serial", "stdio", "-kernel", str(kernel)]
    argv += ["-append", "console=ttyS0 panic=-1"]
    try:
        done = subprocess.run(
            argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return False
    return REACHED_ROOT.encode() in done.stdout
