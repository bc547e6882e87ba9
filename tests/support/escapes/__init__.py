"""Root of a host tries to get out of it, or to reach its neighbours; nothing here does harm if it works.

    escapes.pyz INTERFACES NEIGHBOURS STUDENT

A test sends this package to a host. INTERFACES are those of the host, NEIGHBOURS the management addresses of
the other hosts, both with commas. STUDENT is the student of the seat. It prints {name of a function: result}:
"" when the attempt was refused, else the sign of success. The docstrings of the functions are the table in
docs/providers.md.
"""

from __future__ import annotations

import ctypes
import json
import shutil
import signal
import zipapp
from pathlib import Path

from . import disks, kernel, neighbours
from .attempt import ATTEMPTS, LIBC, mount

__all__ = ["ATTEMPTS", "disks", "kernel", "main", "neighbours", "pack"]

CLONE_NEWNS, CLONE_NEWCGROUP = 0x20000, 0x2000000


def pack(place: Path) -> bytes:
    """Return this package as one file that Python runs; `place` is an empty folder."""
    shutil.copytree(
        Path(__file__).parent, place / "app" / "escapes", ignore=shutil.ignore_patterns("__pycache__")
    )
    zipapp.create_archive(place / "app", place / "escapes.pyz", main="escapes:main")
    return (place / "escapes.pyz").read_bytes()


def main() -> None:
    """Try everything, and tell how it went."""
    signal.alarm(120)
    if LIBC.unshare(CLONE_NEWNS | CLONE_NEWCGROUP) or not mount("", "/", "", 1 << 18 | 1 << 14):
        raise OSError(ctypes.get_errno(), "unshare")
    print(json.dumps({name: function() for name, function in ATTEMPTS.items()}))
