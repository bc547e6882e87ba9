"""Find the captures that a student recorded on this machine, and the archives that a student packed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pwd import getpwuid
from typing import Any

from sharklab.hosts.agent import files

PLACES = ("/home", "/root", "/tmp", "/var/tmp", "/srv")  # noqa: S108 (where students keep files)
STARTS = (
    *(bytes.fromhex(start) for start in ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d")),  # pcap
    bytes.fromhex("0a0d0d0a"),  # pcapng
)
HOMES = ("/home", "/root")
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
"""The ends of the names of archives that are unpacked when the work is graded."""

FILES = 20_000
"""Files that are looked at; a machine with more keeps something else there."""


def find(places: tuple[str, ...] = PLACES) -> list[dict[str, Any]]:
    """Return path, size (bytes), time of the last change (epoch seconds) and owner of each capture.

    The first bytes of a file tell, not its name. Hidden folders and other file systems are left out.
    """
    known = (_describe(path) for path in islice(_files(places), FILES))
    return [facts for facts, start in known if start in STARTS]


def find_archives(places: tuple[str, ...] = HOMES) -> list[dict[str, Any]]:
    """Return the same of each archive in the homes; its name tells."""
    paths = (path for path in islice(_files(places), FILES) if path.lower().endswith(ARCHIVES))
    return [facts for facts, start in map(_describe, paths) if start]


def _files(places: tuple[str, ...]) -> Iterator[str]:
    """Yield the files of `places`, those of a folder before those of the folders in it.

    No link is followed, and mounts are known by their names: os.walk and os.path.ismount look at them, and
    hang at that of a dead server.
    """
    mounts = files.mounts()
    served = files.list_served()
    left = [place for place in reversed(places) if place not in served]
    while left:
        try:
            entries = sorted(os.scandir(left.pop()), key=lambda entry: entry.name)
        except OSError:  # it is not there, or went meanwhile
            continue
        own = [entry for entry in entries if entry.path not in mounts]
        yield from (entry.path for entry in own if not entry.is_dir(follow_symlinks=False))
        folders = (entry for entry in reversed(own) if entry.is_dir(follow_symlinks=False))
        left += (entry.path for entry in folders if not entry.name.startswith("."))


def _describe(path: str) -> tuple[dict[str, Any], bytes]:
    """Return the facts about a regular file, and its first bytes: none of a file that cannot be read."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return {}, b""
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            known, start = os.fstat(file.fileno()), file.read(4)
    except OSError:  # it went meanwhile, or it is in a file system that says no
        return {}, b""
    owner = _owner(known.st_uid)
    return {"path": path, "size": known.st_size, "modified": known.st_mtime, "owner": owner}, start


def _owner(number: int) -> str:
    try:
        return getpwuid(number).pw_name
    except KeyError:
        return str(number)
