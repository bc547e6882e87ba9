"""A control group per host (cgroups(7)): every process of the host is in it, whatever it forks.

Two ways, and the only place that knows of them:
- systemd is PID 1 (a laptop, sd_booted(3)): a transient scope that systemd delegates to the host;
- it is not (a container, another init): a folder of our own in the cgroup file system, and the
  same one in version 1's `name=systemd` hierarchy where both versions are mounted ("hybrid").
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.message import N_, refusal

SYSTEMD = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")
KILL_LIMIT = 10.0
PAUSE = 0.01
JOIN = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"'


def launcher(unit: str) -> list[str]:
    """Return the start of a command line that runs the rest of it in a new group for `unit`.

    Raises MachineryError when the machine does not let us make one.
    """
    if _systemd_runs():
        scope = ["systemd-run", "--scope", "--quiet", "--collect", "--slice=machine.slice"]
        return [*scope, f"--unit={unit}", "--property=Delegate=yes", "--"]
    folders = [root / "sharklab" / unit for root in _hierarchies()]
    for folder in folders:
        _make(folder)
    return ["sh", "-c", JOIN, "sh", *map(str, folders), "--"]


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
    return sorted({folder.name.removesuffix(".scope") for folder in folders(pattern)})


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
def frozen(unit: str) -> Iterator[None]:
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
    for root in _hierarchies():
        for candidate in _candidates(root, pattern):
            yield from candidate.parent.glob(candidate.name)


def _candidates(root: Path, unit: str) -> Sequence[Path]:
    return root / "sharklab" / unit, root / "machine.slice" / f"{unit}.scope"


@cache
def _hierarchies() -> list[Path]:
    """Return where version 2, and version 1's `name=systemd` if there is one, are mounted."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
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
