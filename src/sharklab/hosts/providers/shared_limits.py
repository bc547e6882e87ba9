"""Limits of the machine that all hosts share, whatever a host's own limits are.

The kernel counts these things for all hosts together. So one host could use them up, and another could not
even open a terminal. Where they are ample, the memory of the host that uses them ends first, and that is
limited for each host. Terminals are the exception: most of their memory is the kernel's own. So their number
is bounded for the whole machine, and `count_terminals` finds the host that takes them.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path

from sharklab.errors import MachineryError
from sharklab.message import N_, NN_, Message
from sharklab.process import Say

SETTINGS = Path("/proc/sys")
AMPLE: Mapping[str, int] = {
    "fs.file-max": 2**40,  # open files; that of systemd is larger yet
    "fs.aio-max-nr": 2**31 - 1,  # operations of io_setup(2)
    # inotify(7): they count as those of root, who made the user namespaces. A host with 768 MiB of memory
    # opened 524,128 instances, at 1.1 KiB each.
    "fs.inotify.max_user_instances": 2**31 - 1,
    "fs.inotify.max_user_watches": 2**31 - 1,
    "kernel.pid_max": 2**22,  # that of systemd on 64 bits
    "kernel.pty.max": 2**16,  # terminals, pty(7)
    **{
        f"net.{family}.neigh.default.gc_thresh{number}": ample
        for family in ("ipv4", "ipv6")
        for number, ample in ((1, 2**14), (2, 2**15), (3, 2**16))
    },
}
"""By sysctl(8): a value that the hosts of a class do not reach.

Neighbours, arp(7), are in one table for all network namespaces. Below the first of their limits the kernel
keeps an address without an answer, as on a computer alone; `ip neigh` then shows FAILED.
"""

TERMINALS = "kernel.pty.max"
MASTERS = ("/dev/ptmx", "/dev/pts/ptmx", "/ptmx")
"""The file that a program opens for a new terminal, as different mount namespaces see it."""

SCARCE, MUCH = 1 / 2, 1 / 4
"""The part of all terminals that is in use when one counts, and that a host has then which is named."""

INSTANCES = "fs.inotify.max_user_instances"
PER_HOST = 7
"""Measured: with the usual limit of 128 inotify instances the 21st host hangs or dies while it boots."""

ENOUGH = 1024
"""Inotify instances for a class."""


def ensure(hosts: int, progress: Say) -> None:
    """Raise the limits that are low, and say which.

    Raises MachineryError when the inotify instances may not be raised and are too few for `hosts` more.
    """
    if raised := list(_raise_all()):
        sentence = N_("raised limits of this machine that all hosts share: {names}")
        progress(Message(sentence, {"names": raised}))
    limit = int(_file(INSTANCES).read_text())
    if limit >= ENOUGH:
        return
    free = limit - _in_use()
    if free < hosts * PER_HOST:
        raise MachineryError(
            NN_(
                "fs.inotify.max_user_instances={limit} leaves {free}, but {count} host needs {each}",
                "fs.inotify.max_user_instances={limit} leaves {free}, but {count} hosts need {each} each",
            ),
            place=str(_file(INSTANCES)),
            hint="sysctl fs.inotify.max_user_instances={ample}",
            limit=limit,
            free=free,
            count=hosts,
            each=PER_HOST,
            ample=ENOUGH,
        )


def free() -> int:
    """Return how many inotify instances hosts may still open, with an ample limit where we may raise it."""
    file = _file(INSTANCES)
    limit = int(file.read_text())
    return (max(limit, AMPLE[INSTANCES]) if os.access(file, os.W_OK) else limit) - _in_use()


def count_terminals(processes: Iterable[int]) -> int:
    """Return how many terminals these processes hold open, or 0 while terminals are not scarce."""
    if int(_file("kernel.pty.nr").read_text()) < SCARCE * limit_of_terminals():
        return 0
    files = (glob.iglob(f"{pid}/fd/*", root_dir="/proc") for pid in processes)  # noqa: PTH207 (as in _in_use)
    masters = (
        file for name in chain.from_iterable(files) if _leads_to(file := Path("/proc", name), *MASTERS)
    )
    count = len({terminal for file in masters if (terminal := _terminal(file))})
    return count if count >= MUCH * limit_of_terminals() else 0


def _terminal(master: Path) -> str:
    """Return the mount and the number of a terminal, "" for one that went meanwhile (proc(5), fdinfo).

    Programs share the file of a terminal, and each has a number of its own for it.
    """
    with suppress(OSError):
        lines = (master.parent.with_name("fdinfo") / master.name).read_text().splitlines()
        return " ".join(line for line in lines if line.startswith(("mnt_id:", "tty-index:")))
    return ""


def limit_of_terminals() -> int:
    """Return how many terminals all hosts together may open."""
    return int(_file(TERMINALS).read_text())


def _raise_all() -> Iterator[str]:
    """Raise the limits that are low; yield the names of those that could be raised."""
    for name, ample in AMPLE.items():
        with suppress(OSError):  # not in a container, or not in this kernel
            if int(_file(name).read_text()) < ample:
                _file(name).write_text(f"{ample}\n")
                yield name


def _file(name: str) -> Path:
    return SETTINGS / name.replace(".", "/")


def _in_use() -> int:
    """Return how many inotify instances are open on the machine."""
    names = glob.iglob("[0-9]*/fd/*", root_dir="/proc")  # noqa: PTH207 (Path.glob fails when a process ends)
    return sum(_leads_to(Path("/proc", name), "anon_inode:inotify") for name in names)


def _leads_to(entry: Path, *names: str) -> bool:
    """Tell whether an open file of a process has one of these names."""
    with suppress(OSError):
        return str(entry.readlink()) in names
    return False
