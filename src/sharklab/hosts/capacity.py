"""The needs of the containers of a class, the means of this computer, and the memory in use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.providers import cgroups, network, shared_limits
from sharklab.hosts.providers.cluster import looks
from sharklab.lab.model import Seat
from sharklab.message import N_, NN_, Message

MIB = 1024 * 1024
MEMORY = 52 * MIB
"""Bytes of memory for a host of tp4 (benchmarks/class.py): 44 MiB for its processes, 7 for the kernel."""

RESERVE = 512 * MIB
"""Bytes of memory that the rest of the computer keeps."""

DISK = 4 * MIB
"""Bytes on disk for a host before its student works."""

PROCESSES = 40
"""Processes and threads of a host (tp4's server has 38)."""

FILES = 1200
"""Open files of a host, those of all its processes."""


@dataclass(frozen=True)
class Demand:
    """The need of some hosts for one resource, the free part of it, and the way to more."""

    resource: str
    needed: int
    free: int
    remedy: str

    @property
    def is_met(self) -> bool:
        """True when it is enough."""
        return self.needed <= self.free


def check(hosts: int) -> None:
    """Raise MachineryError if this computer cannot hold so many more containers, with all that lacks."""
    lacking = [demand for demand in demands(hosts) if not demand.is_met]
    if not lacking:
        return
    sentence = N_("{resource}: {needed} needed, {free} free ({remedy})")
    told = [
        Message(
            sentence,
            {
                "resource": Message(demand.resource),
                "needed": demand.needed,
                "free": demand.free,
                "remedy": Message(demand.remedy),
            },
        )
        for demand in lacking
    ]
    raise MachineryError(
        NN_(
            "this computer is too small for {count} more host:\n{lacking}",
            "this computer is too small for {count} more hosts:\n{lacking}",
        ),
        hint=N_("start fewer seats at once: --only NAME,NAME"),
        count=hosts,
        lacking=Message("\n".join(f"{{line{number}}}" for number in range(len(told))), _number_lines(told)),
    )


def _number_lines(told: list[Message]) -> dict[str, object]:
    return {f"line{number}": each for number, each in enumerate(told)}


def demands(hosts: int) -> Iterator[Demand]:
    """Yield the needs of `hosts` more containers, resource by resource."""
    memory, pids = _free_memory() - RESERVE, _number("/proc/sys/kernel/threads-max")
    yield Demand(N_("memory (MiB)"), hosts * MEMORY // MIB, max(0, memory) // MIB, N_("add memory"))
    disk = os.statvfs(_find_folder(state.root()))
    yield Demand(
        N_("disk (MiB)"),
        hosts * DISK // MIB,
        disk.f_bavail * disk.f_frsize // MIB,
        N_("free the file system of the state folder"),
    )
    yield Demand(
        N_("processes"),
        hosts * PROCESSES,
        min(pids, _number("/proc/sys/kernel/pid_max")) - _count_threads(),
        "sysctl kernel.pid_max=4194304 kernel.threads-max=4194304",
    )
    used, _, most = Path("/proc/sys/fs/file-nr").read_text().split()
    yield Demand(N_("open files"), hosts * FILES, int(most) - int(used), "sysctl fs.file-max=4194304")
    yield Demand(
        N_("inotify instances"),
        hosts * shared_limits.PER_HOST,
        shared_limits.free(),
        f"sysctl {shared_limits.INSTANCES}={shared_limits.ENOUGH}",
    )


def _free_memory() -> int:
    """Return the bytes that new programs can have without swapping (proc(5), MemAvailable)."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) * 1024


def _number(path: str) -> int:
    return int(Path(path).read_text())


def _count_threads() -> int:
    """Return the number of processes and threads (proc(5), loadavg)."""
    return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])


def _find_folder(path: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(each for each in (path, *path.parents) if each.exists())


def memory_of(own: Seat) -> int:
    """Return the memory of a seat's hosts in bytes: its share of shared pages counts (proc(5), Pss)."""
    if looks.is_there(own):
        return looks.memory(own)
    return memory_of_units(f"{network.namespace(own.id)}-*")


def memory_of_units(pattern: str) -> int:
    """Return the bytes of memory of all processes in control groups whose names match (fnmatch)."""
    return sum(_share(pid) for unit in cgroups.units(pattern) for pid in cgroups.processes(unit))


def _share(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):  # it ended meanwhile
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
