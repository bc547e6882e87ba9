"""Limits of the machine that many hosts run into: inotify(7) instances, which systemd uses a lot of."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sharklab.errors import MachineryError
from sharklab.message import N_, Message
from sharklab.process import Say

NAME = "fs.inotify.max_user_instances"
INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
AMPLE = 1024
PER_HOST = 7
"""Measured: at the usual limit of 128 the 21st host hangs or dies while it boots."""


def ensure_inotify(hosts: int, progress: Say) -> None:
    """Raise the machine's limit of inotify instances to what 30 hosts need, and say so.

    Raises MachineryError when it may not be raised and is too low for `hosts` more.
    """
    limit = int(INSTANCES.read_text())
    if limit >= AMPLE:
        return
    with suppress(OSError):
        INSTANCES.write_text(f"{AMPLE}\n")
        sentence = N_("raised fs.inotify.max_user_instances from {limit} to {ample}: many hosts need it")
        progress(Message(sentence, {"limit": limit, "ample": AMPLE}))
        return
    free = limit - _in_use()
    if free < hosts * PER_HOST:
        raise MachineryError(
            N_("fs.inotify.max_user_instances={limit} leaves {free}, but {hosts} hosts need {each} each"),
            place=str(INSTANCES),
            hint="sysctl fs.inotify.max_user_instances={ample}",
            limit=limit,
            free=free,
            hosts=hosts,
            each=PER_HOST,
            ample=AMPLE,
        )


def free() -> int:
    """Return how many instances hosts may still open, with a limit of `AMPLE` where we may raise it."""
    limit = int(INSTANCES.read_text())
    return (max(limit, AMPLE) if os.access(INSTANCES, os.W_OK) else limit) - _in_use()


def _in_use() -> int:
    """Return how many inotify instances are open on the machine."""
    return sum(_is_inotify(entry) for entry in Path("/proc").glob("[0-9]*/fd/*"))


def _is_inotify(entry: Path) -> bool:
    with suppress(OSError):
        return str(entry.readlink()) == "anon_inode:inotify"
    return False
