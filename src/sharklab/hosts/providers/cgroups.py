"""A control group per host (cgroups(7)): every process of the host is in it, whatever it forks.

Two ways, and the only place that knows of them:
- systemd is PID 1 (a laptop, sd_booted(3)): a transient scope that systemd delegates to the host;
- it is not (a container, another init): a folder of our own in the cgroup file system, and the
  same one in version 1's `name=systemd` hierarchy where both versions are mounted ("hybrid").

Limits of a group: systemd sets those of a scope. Else they are written to the files of the controllers,
which are in version 2, or have hierarchies of version 1 with a folder for each group.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.message import N_, refusal

SYSTEMD = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")
BESIDE = "sharklab-"
"""The start of the names of folders in the hierarchies of controllers, version 1."""

CONTROLLERS = ("memory", "pids", "cpu")
MOUNTS = Path("/proc/self/mounts")
KILL_LIMIT = 60.0
"""Seconds until the processes of a unit have ended: a machine that is overloaded takes more than ten."""

STOP_SECONDS = 20
"""Seconds that systemd gives a unit to end when the machine shuts down, before it kills the unit: a host that
sleeps hears no signal, and systemd's usual 90 s would hold the shutdown up."""

PAUSE = 0.01
JOIN = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"'


@dataclass(frozen=True)
class Limits:
    """The most that a unit may have: bytes of memory, processes with their threads, a weight.

    The weight counts when processors are short; that of any other unit, or process of the machine, is 100.
    """

    memory: int
    processes: int
    cpu_weight: int


@dataclass(frozen=True)
class Usage:
    """The part of the machine that a unit has: bytes of memory, without files that may be dropped; processes.

    `killed` counts its processes that ended because memory was short, `refused` those that did not start
    because there were too many. A limit is 0 where there is none.
    """

    memory: int
    processes: int
    killed: int
    refused: int
    memory_limit: int
    process_limit: int


def launcher(unit: str, limits: Limits | None = None) -> list[str]:
    """Return the start of a command line that runs the rest of it in a new group for `unit`.

    A limit whose controller the machine does not let us use is left out (`controllers`). Raises
    MachineryError when the machine does not let us make a group.
    """
    if _systemd_runs():
        scope = ["systemd-run", "--scope", "--quiet", "--collect", "--slice=machine.slice"]
        bounds = _scope_limits(limits) if limits else []
        own = ["--property=Delegate=yes", f"--property=TimeoutStopSec={STOP_SECONDS}"]
        return [*scope, f"--unit={unit}", *own, *bounds, "--"]
    folders = [root / "sharklab" / unit for root in _hierarchies()]
    for folder in folders:
        _make(folder)
    return [
        "sh",
        "-c",
        JOIN,
        "sh",
        *map(str, [*folders, *(_write_limits(unit, limits) if limits else ())]),
        "--",
    ]


def controllers() -> Mapping[str, bool]:
    """Return the controllers that limits need, and whether the machine has each."""
    return {name: _systemd_runs() or _controller(name) is not None for name in CONTROLLERS}


def usage(unit: str) -> Usage:
    """Return the usage of the unit; 0 for a part that the machine does not count."""
    memory, pids = _control_folder(unit, "memory"), _control_folder(unit, "pids")
    statistics = _fields(memory / "memory.stat")
    events = {**_fields(memory / "memory.oom_control"), **_fields(memory / "memory.events")}
    held = _number(memory / "memory.usage_in_bytes") or _number(memory / "memory.current")
    droppable = statistics.get("total_inactive_file", statistics.get("inactive_file", 0))
    return Usage(
        memory=max(0, held - droppable),
        processes=_number(pids / "pids.current"),
        killed=events.get("oom_kill", 0),
        refused=_fields(pids / "pids.events").get("max", 0),
        memory_limit=_number(memory / "memory.limit_in_bytes") or _number(memory / "memory.max"),
        process_limit=_number(pids / "pids.max"),
    )


def adopt(unit: str, pid: int) -> None:
    """Put a process that runs already into a new group for `unit`, with all its threads.

    Raises MachineryError when the machine does not let us.
    """
    if not _systemd_runs():
        for root in _hierarchies():
            folder = root / "sharklab" / unit
            _make(folder)
            (folder / "cgroup.procs").write_text(str(pid))
        return
    process.run(["busctl", "call", *SYSTEMD, "StartTransientUnit", *_scope(unit, pid)])
    deadline = time.monotonic() + KILL_LIMIT
    while pid not in processes(unit):  # the call only queues it
        if time.monotonic() > deadline:
            raise MachineryError(N_("systemd does not create the scope"), place=f"{unit}.scope")
        time.sleep(PAUSE)


def _scope(unit: str, pid: int) -> list[str]:
    """Return the arguments of org.freedesktop.systemd1(5) that put a process into its own scope."""
    slice_, ends = ["Slice", "s", "machine.slice"], ["CollectMode", "s", "inactive-or-failed"]
    properties = ["PIDs", "au", "1", str(pid), *slice_, *ends]
    return ["ssa(sv)a(sa(sv))", f"{unit}.scope", "fail", "3", *properties, "0"]


def units(pattern: str) -> list[str]:
    """Return the units whose names match `pattern` (fnmatch), whether anything runs in them or not."""
    names = {folder.name.removesuffix(".scope") for folder in folders(pattern)}
    return sorted({name.removeprefix(BESIDE) for name in names})


def processes(unit: str) -> list[int]:
    """Return the ids of all processes in the unit's group."""
    folder = _folder(unit)
    return [pid for inner in _tree(folder) for pid in _pids(inner / "cgroup.procs")] if folder else []


def is_running(unit: str) -> bool:
    """Tell whether a process is in the unit's group."""
    with suppress(OSError):
        folder = _folder(unit)
        return folder is not None and "populated 1" in (folder / "cgroup.events").read_text()
    return False


@contextmanager
def keep_frozen(unit: str) -> Iterator[None]:
    """Let no process of the unit run meanwhile: its files stay as they are. Raises as `freeze` does."""
    try:
        freeze(unit)
        yield
    finally:
        thaw(unit)


def freeze(unit: str) -> None:
    """Let no process of the unit run (cgroups(7)) until `thaw`.

    Raises MachineryError when one does not stop within `KILL_LIMIT` seconds.
    """
    folder = _folder(unit)
    if folder is None:
        return
    (folder / "cgroup.freeze").write_text("1")
    deadline = time.monotonic() + KILL_LIMIT
    while "frozen 1" not in (folder / "cgroup.events").read_text():
        if time.monotonic() > deadline:
            raise MachineryError(N_("the host cannot be paused"), place=unit)
        time.sleep(PAUSE)


def thaw(unit: str) -> None:
    """Let the processes of the unit run again."""
    with suppress(OSError):  # the host has ended
        if folder := _folder(unit):
            (folder / "cgroup.freeze").write_text("0")


def is_frozen(unit: str) -> bool:
    """Tell whether no process of the unit may run."""
    with suppress(OSError):
        folder = _folder(unit)
        return folder is not None and (folder / "cgroup.freeze").read_text().strip() == "1"
    return False


def end(pattern: str) -> None:
    """Kill all processes of the units whose names match `pattern`, remove their groups, and wait for that.

    Raises MachineryError when one stays for `KILL_LIMIT` seconds.
    """
    deadline = time.monotonic() + KILL_LIMIT
    killed = {pid for unit in units(pattern) for pid in processes(unit)}
    while names := units(pattern):
        if time.monotonic() > deadline:
            raise MachineryError(
                N_("cannot kill the processes {processes}"), place=names[0], processes=processes(names[0])
            )
        for unit in names:
            if is_running(unit):
                _kill(unit)
            else:
                _remove(unit)
        time.sleep(PAUSE)
    _wait_for_removal(killed, deadline)


def _wait_for_removal(killed: Collection[int], deadline: float) -> None:
    """Wait until the kernel has no entry of the processes any more, at most until `deadline`.

    A killed process leaves its group before its memory is free, and before its parent takes note of its end.
    """
    while any(_has_entry(pid, killed) for pid in killed) and time.monotonic() < deadline:
        time.sleep(PAUSE)


def _has_entry(pid: int, killed: Collection[int]) -> bool:
    """Tell whether the process is listed (proc(5)), other than as one whose living parent ignores its end."""
    with suppress(OSError):
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
        return state != "Z" or int(parent) in (1, *killed)
    return False


def _kill(unit: str) -> None:
    folder = _folder(unit)
    with suppress(OSError):
        if folder and (folder / "cgroup.kill").exists():  # since Linux 5.14
            (folder / "cgroup.kill").write_text("1")
            return
    for pid in processes(unit):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _remove(unit: str) -> None:
    """Remove the folders of a group, the innermost first; systemd removes those of a scope itself."""
    for folder in folders(unit):
        for path in reversed(_tree(folder)):
            with suppress(OSError):
                path.rmdir()
        if folder.parent.name == "sharklab":
            with suppress(OSError):
                folder.parent.rmdir()


def _tree(folder: Path) -> list[Path]:
    """Return the folder and all below it, outer ones first; os.walk tolerates groups that vanish."""
    return [Path(path) for path, _, _ in os.walk(folder)]


def _folder(unit: str) -> Path | None:
    """Return the unit's folder in the version 2 hierarchy, or None when there is none."""
    root = _hierarchies()[0]
    return next((path for path in _candidates(root, unit) if path.is_dir()), None)


def folders(pattern: str) -> Iterator[Path]:
    """Yield the folders of the units that match `pattern` (fnmatch), in every hierarchy."""
    bounding = (found[0] for name in CONTROLLERS if (found := _controller(name)))
    for root in dict.fromkeys([*_hierarchies(), *bounding]):
        for candidate in _candidates(root, pattern):
            yield from candidate.parent.glob(candidate.name)


def _candidates(root: Path, unit: str) -> Sequence[Path]:
    return root / "sharklab" / unit, root / f"{BESIDE}{unit}", root / "machine.slice" / f"{unit}.scope"


def _scope_limits(limits: Limits) -> list[str]:
    """Return the limits as options of systemd-run(1), see systemd.resource-control(5)."""
    memory = [f"--property=MemoryMax={limits.memory}", "--property=MemorySwapMax=0"]
    return [*memory, f"--property=TasksMax={limits.processes}", f"--property=CPUWeight={limits.cpu_weight}"]


def _write_limits(unit: str, limits: Limits) -> Iterator[Path]:
    """Write the unit's limits, and yield the folders of version 1 that its first process must join, too."""
    for name in CONTROLLERS:
        if not (found := _controller(name)):
            continue
        root, version = found
        # Version 1, beside one another: in one folder all units would weigh as much as one process.
        folder = root / "sharklab" / unit if version == 2 else root / f"{BESIDE}{unit}"
        if version == 2:
            _enable(root, name)
        else:
            _make(folder)
            yield folder
        for file, value in _settings(name, version, limits).items():
            with suppress(OSError):  # swap may not be counted; a container may not have the controller
                (folder / file).write_text(str(value))


def _settings(controller: str, version: int, limits: Limits) -> Mapping[str, int]:
    """Return the files of a controller with their contents (cgroup-v1, cgroup-v2 in the kernel's manual)."""
    return {
        ("memory", 1): {
            "memory.limit_in_bytes": limits.memory,
            "memory.memsw.limit_in_bytes": limits.memory,
        },
        ("memory", 2): {"memory.max": limits.memory, "memory.swap.max": 0},
        ("pids", 1): {"pids.max": limits.processes},
        ("pids", 2): {"pids.max": limits.processes},
        ("cpu", 1): {"cpu.shares": limits.cpu_weight * 1024 // 100},
        ("cpu", 2): {"cpu.weight": limits.cpu_weight},
    }[controller, version]


def _enable(root: Path, controller: str) -> None:
    """Let the groups below `sharklab` have a controller of version 2.

    All of them together weigh as much as they can: one is weighed against another, and not against the rest.
    """
    for folder in (root, root / "sharklab"):
        with suppress(OSError):  # not in a container whose own processes are in the root
            (folder / "cgroup.subtree_control").write_text(f"+{controller}")
    if controller == "cpu":
        with suppress(OSError):
            (root / "sharklab/cpu.weight").write_text("10000")


def _control_folder(unit: str, controller: str) -> Path:
    """Return the folder where a controller counts for the unit; a path that does not exist if none does."""
    found = _controller(controller)
    places = _candidates(found[0], unit) if found else ()
    return next((path for path in places if path.is_dir()), Path("/nonexistent"))


def _fields(file: Path) -> dict[str, int]:
    """Return the numbers of a file with lines of a name and a number; nothing when it does not exist."""
    with suppress(OSError):
        lines = [line.split() for line in file.read_text().splitlines()]
        return {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdecimal()}
    return {}


def _number(file: Path) -> int:
    with suppress(OSError, ValueError):
        return int(file.read_text())
    return 0


@cache
def _controller(name: str) -> tuple[Path, int] | None:
    """Return the root of the hierarchy that has a controller, and its version; None when none has it."""
    for line in MOUNTS.read_text().splitlines():
        _, at, kind, options, *_ = line.split()
        if kind == "cgroup" and name in options.split(","):
            return Path(at), 1
    root = _hierarchies()[0]
    with suppress(OSError):
        if name in (root / "cgroup.controllers").read_text().split():
            return root, 2
    return None


@cache
def _hierarchies() -> list[Path]:
    """Return where version 2, and version 1's `name=systemd` if there is one, are mounted."""
    mounts = [line.split() for line in MOUNTS.read_text().splitlines()]
    unified = [Path(at) for _, at, kind, *_ in mounts if kind == "cgroup2"]
    named = [
        Path(at) for _, at, kind, options, *_ in mounts if kind == "cgroup" and "name=systemd" in options
    ]
    if not unified:
        raise MachineryError(
            N_("version 2 of control groups is not mounted"), hint="mount -t cgroup2 none /sys/fs/cgroup"
        )
    return [unified[0], *named[:1]]


def _make(folder: Path) -> None:
    try:
        while not folder.is_dir():
            with suppress(FileNotFoundError):  # another seat removed the empty parent: once more
                folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineryError(
            N_("cannot make a control group ({reason})"),
            place=str(folder),
            hint=N_("use a machine or a container where root may write to this folder"),
            reason=refusal(error),
        ) from error


def _pids(file: Path) -> list[int]:
    with suppress(OSError):  # the group went away meanwhile
        return [int(line) for line in file.read_text().split()]
    return []


def _systemd_runs() -> bool:
    return Path("/run/systemd/system").is_dir()
