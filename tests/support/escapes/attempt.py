"""The list of attempts, and what several of them do."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LIBC = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096
CALLS = {
    "x86_64": {"init_module": 175, "kexec_load": 246, "keyctl": 250, "add_key": 248, "iopl": 172},
    "aarch64": {"init_module": 105, "kexec_load": 104, "keyctl": 219, "add_key": 217},
}[platform.machine()]
REFUSED = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS)

ATTEMPTS: dict[str, Callable[[], str]] = {}


def attempt(function: Callable[[], str]) -> Callable[[], str]:
    """Add a function to the list of attempts."""
    ATTEMPTS[function.__name__] = function
    return function


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> bool:
    """Tell whether the mount came about."""
    words = [os.fsencode(word) for word in (source, target, kind)]
    return bool(LIBC.mount(*words, ctypes.c_ulong(flags), os.fsencode(options)) == 0)


@contextmanager
def mounted(kind: str, options: str = "") -> Iterator[str]:
    """Mount a file system of a kind for a moment, and give its folder; "" when that is refused."""
    folder = tempfile.mkdtemp()
    done = mount(kind, folder, kind, options=options)
    try:
        yield folder if done else ""
    finally:
        if done:
            LIBC.umount2(os.fsencode(folder), 2)
        os.rmdir(folder)


def opened(*files: str) -> str:
    """Return the first of the files that opens for writing; nothing is written."""
    for file in files:
        with suppress(OSError):
            os.close(os.open(file, os.O_WRONLY))
            return file
    return ""


def call(name: str, *arguments: object) -> str:
    """Return a sign of success unless the kernel refuses the system call for lack of rights."""
    if name not in CALLS:
        return ""
    result = LIBC.syscall(CALLS[name], *arguments)
    return "" if result < 0 and ctypes.get_errno() in REFUSED else f"{name}: {result}, {ctypes.get_errno()}"
