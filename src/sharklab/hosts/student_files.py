"""Whether a student has worked on the hosts of a seat: files that changed since the hosts were set up.

A container's changes are the files of its upper folder (overlayfs). Those below /var, /run and /tmp are left
out, because programs write there by themselves. A disk that cannot be read, of a container that is off or of
a virtual machine, counts as work when anything was written to it: no work is lost without a question.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sharklab import process
from sharklab.hosts.providers import boot, disk, nspawn
from sharklab.hosts.providers.cluster import looks
from sharklab.lab.model import Seat

FOLDERS = ("etc", "home", "opt", "root", "srv", "usr")
BY_ITSELF = frozenset(
    {
        *(".bash_history", ".lesshst", ".viminfo", ".cache", ".wget-hsts", "known_hosts", "authorized_keys"),
        *("resolv.conf", "ld.so.cache", "machine-id", "mtab", "adjtime", ".updated", ".pwd.lock"),
        *("__pycache__", ".ansible"),
    }
)
"""Names of files that logins and programs write without any work of the student."""

CLOSED_DISKS = (boot.DISK_FILE, disk.VM_DISK)

MOST = 1 << 28
"""Bytes of the times of all files of a host: its disk has no room for more files."""

MARGIN = 2.0
"""Seconds in which the hosts may still write what their set-up asked for."""


def last_change(own: Seat) -> float:
    """Return when a file of the student changed last on a host (epoch seconds), 0.0 for never.

    A folder that hosts are not set up in has no student's work.
    """
    try:
        ready = (own.folder / "provisioned").stat().st_mtime + MARGIN
    except FileNotFoundError:
        return 0.0
    if looks.is_there(own):
        return looks.last_change(own, ready, FOLDERS, sorted(BY_ITSELF))
    times = (when for host in own.folder.glob("hosts/*") for when in _times(own, host))
    return max((when for when in times if when > ready), default=0.0)


def _times(own: Seat, host: Path) -> Iterator[float]:
    """Yield when each file of a host changed, or when its disk did where no file of it can be read."""
    upper = nspawn.upper(own, host.name)
    if upper and upper.is_dir():
        yield from _changes(upper)
        return
    for name in CLOSED_DISKS:
        with suppress(FileNotFoundError):
            yield (host / name).stat().st_mtime


def _changes(upper: Path) -> Iterator[float]:
    """Yield when each file in `FOLDERS` changed (ctime of inode(7), which no user can set).

    The student is root there. find(1) follows no link, however the folders change meanwhile, and no depth of
    folders is too much for it.
    """
    places = [upper / name for name in FOLDERS]
    names = [word for name in sorted(BY_ITSELF) for word in ("-o", "-name", name)][1:]
    there = [place for place in places if place.is_dir() and not place.is_symlink()]
    if there:
        rest = ["(", *names, ")", "-prune", "-o", "!", "-type", "d", "-printf", "%C@\n"]
        told = process.run(["find", "-P", *there, "-xdev", "-ignore_readdir_race", *rest], most=MOST)
        yield from map(float, told.split())
