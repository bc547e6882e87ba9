"""Have a seat on the disk of this computer, so that a power cut leaves its hosts as they are now.

Without that a file that was written in the last half minute may be empty afterwards: the kernel writes the
names of files first (ext4(5), delalloc).
"""

from __future__ import annotations

import ctypes
import os
import stat
from contextlib import suppress
from pathlib import Path

from sharklab import state
from sharklab.hosts.providers import access, boot, disk, nspawn
from sharklab.lab.model import Seat

LEFT_OUT = frozenset({"root", "work", "memory"})
"""Names in the folder of a host: a mount, overlayfs's own folder, and the memory of a virtual machine."""

LIBC = ctypes.CDLL(None, use_errno=True)


def save(own: Seat) -> None:
    """Have everything of a seat on disk: the writes of its hosts, then the files of its folder.

    Raises OSError when the disk is full, or broken; MachineryError when a virtual machine does not answer.
    """
    left_out = {str(folder / name) for folder in own.folder.glob("hosts/*") for name in LEFT_OUT}
    for file in own.folder.glob(f"hosts/*/{boot.DISK_FILE}"):
        upper = nspawn.upper(own, file.parent.name)
        if upper and upper.is_dir():
            _sync_file_system(upper)
    for file in own.folder.glob(f"hosts/*/{disk.VM_DISK}"):
        access.write_out(own, file.parent.name)
    for place, folders, files in os.walk(own.folder):
        folders[:] = [name for name in folders if f"{place}/{name}" not in left_out]
        for path in (Path(place, name) for name in [*files, "."] if f"{place}/{name}" not in left_out):
            with suppress(FileNotFoundError):  # a temporary file that is gone
                if stat.S_IFMT(path.lstat().st_mode) in (stat.S_IFREG, stat.S_IFDIR):
                    state.settle(path)


def _sync_file_system(folder: Path) -> None:
    """Have the file system of a folder on its disk (syncfs(2))."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        if LIBC.syncfs(handle):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(handle)
