"""The file system of a container's own, in one sparse file: the container cannot fill more than that.

It holds the changes of the container (the upper folder of its overlay). boot.py mounts it where no other
process sees it, and moves the files there that were put into the host's folder `upper` before the first boot.
A file that is deleted in it takes no more space of the machine (`discard`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.providers import trial_record
from sharklab.hosts.providers.boot import DISK_FILE, MOUNT_DISK, STORE
from sharklab.message import N_

SIZE = 2**30
"""Bytes that a container may write. Measured: the changes of a host of tp4 take 8 MB."""

RECORD = "disk-files"

READ_ONLY = N_("read-only")
"""The state of a host whose file system takes no writes any more."""

# A journal: the machine may go down at any moment. Tables are written when they are used.
MAKE = ["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-J", "size=4", "-O", "^resize_inode"]
MAKE += ["-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard"]


def make(folder: Path) -> None:
    """Make the file in the folder of a host, unless it is there or the machine cannot mount such files.

    Raises MachineryError when the disk is full.
    """
    if (folder / DISK_FILE).exists() or not works():
        return
    _make(folder / f"{DISK_FILE}.new")
    (folder / f"{DISK_FILE}.new").rename(folder / DISK_FILE)


def works() -> bool:
    """Tell whether this machine can mount such files; tried once after each start of the machine."""
    return trial_record.after_boot(RECORD, lambda: "yes" if measure() else "no") == "yes"


def measure_use(pid: int) -> float:
    """Return the used part of the file system of a container, 0 to 1; 0 when it has none.

    `pid` is the process that made its mounts, in the folder of the host.
    """
    with suppress(OSError):
        if Path(f"/proc/{pid}/cwd/{DISK_FILE}").exists():
            found = os.statvfs(f"/proc/{pid}/root{STORE}")
            return 1 - found.f_bavail / found.f_blocks
    return 0.0


def is_read_only(pid: int) -> bool:
    """Tell whether the file system of a container takes no writes any more.

    The kernel ends them after an error: the disk of the machine was full, or it is broken. Linux 6.14 and
    newer have a word of their own for that. `pid` is the process that made its mounts.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
            mount, _, file_system = line.partition(" - ")
            if mount.split()[4] == STORE:
                return not {"ro", "emergency_ro"}.isdisjoint(file_system.split()[-1].split(","))
    return False


def upper(pid: int) -> Path:
    """Return the upper folder of a container, in its file system, as this process can read it.

    `pid` is the process that made its mounts.
    """
    return Path(f"/proc/{pid}/root{STORE}/upper")


@contextmanager
def settle_files(pid: int) -> Iterator[None]:
    """Let all that a container wrote be in its file, and nothing change there meanwhile.

    `pid` is the process that made its mounts. Raises MachineryError.
    """
    process.run(_fsfreeze(pid, "--freeze"))
    try:
        yield
    finally:
        process.run(_fsfreeze(pid, "--unfreeze"))


def unsettle(pid: int) -> None:
    """Let a container write again where a killed command left `settle_files`; another stays as it is."""
    with suppress(MachineryError):  # nothing was frozen there
        process.run(_fsfreeze(pid, "--unfreeze"))


def _fsfreeze(pid: int, what: str) -> list[str]:
    return ["nsenter", f"--target={pid}", "--mount", "--", "fsfreeze", what, STORE]


def _make(file: Path) -> None:
    with file.open("wb") as new:
        os.truncate(new.fileno(), SIZE)
    file.chmod(0o600)
    process.run([*MAKE, file])


def measure() -> bool:
    """Make such a file and mount it, where no other process sees it."""
    if not shutil.which("mke2fs"):
        return False
    with state.temporary(state.root(), ".trial-") as place:
        file, at = place / DISK_FILE, place / "mounted"
        at.mkdir()
        try:
            _make(file)
            enter = ["unshare", "--mount", "--propagation", "private", "--"]
            process.run([*enter, *MOUNT_DISK, file, at], timeout=trial_record.PATIENCE)
        except (MachineryError, subprocess.SubprocessError):
            return False
    return True
