"""Control groups of hosts, in a folder that stands for the hierarchy of version 2."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.providers import cgroups
from tests.support.errors import error_of


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of the hierarchy, on a computer without systemd."""
    monkeypatch.setattr(cgroups, "_hierarchies", lambda: [tmp_path])
    monkeypatch.setattr(cgroups, "_controller", lambda name: None)
    monkeypatch.setattr(cgroups, "_systemd_runs", lambda: False)
    return tmp_path


def group(root: Path, unit: str, pids: str = "", running: bool = False) -> Path:
    """Make the group of a unit, as the kernel shows it."""
    folder = root / "sharklab" / unit
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text(pids)
    (folder / "cgroup.events").write_text(f"populated {int(running)}\nfrozen 0\n")
    return folder


def test_frozen_unit_until_it_is_thawed(root: Path) -> None:
    """A unit without a group is never frozen, and one that does not stop is an error."""
    cgroups.freeze("sl-b")
    assert not cgroups.is_frozen("sl-b")
    folder = group(root, "sl-a")
    (folder / "cgroup.freeze").write_text("0\n")
    (folder / "cgroup.events").write_text("populated 1\nfrozen 1\n")
    cgroups.freeze("sl-a")
    assert cgroups.is_frozen("sl-a")
    cgroups.thaw("sl-a")
    assert not cgroups.is_frozen("sl-a")


def test_launcher_joins_the_group_before_the_command(root: Path) -> None:
    """The process that runs the command is the one that joined."""
    done = subprocess.run(
        [*cgroups.launcher("sl-a"), "sh", "-c", "echo $$"], check=True, capture_output=True, text=True
    )
    assert (root / "sharklab" / "sl-a" / "cgroup.procs").read_text() == done.stdout


def test_launcher_does_not_run_the_command_outside_its_group(root: Path) -> None:
    """If the kernel refuses, the command does not start."""
    words = cgroups.launcher("sl-a")
    (root / "sharklab" / "sl-a" / "cgroup.procs").mkdir()
    done = subprocess.run([*words, "touch", root / "started"], capture_output=True)
    assert (1, False) == (done.returncode, (root / "started").exists())


def test_launcher_asks_systemd_where_it_runs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scope of its own that is delegated to the host, and ends soon at a shutdown; no folder is made."""
    monkeypatch.setattr(cgroups, "_systemd_runs", lambda: True)
    words = cgroups.launcher("sl-a")
    assert ("systemd-run", "--", True) == (words[0], words[-1], "--unit=sl-a" in words)
    assert {"--scope", "--property=Delegate=yes", "--property=TimeoutStopSec=20"} <= set(words)
    assert [] == list(root.iterdir())


def test_launcher_refuses_a_hierarchy_that_cannot_be_written(root: Path) -> None:
    """The error names the folder."""
    (root / "sharklab").touch()
    error = error_of(MachineryError, cgroups.launcher, "sl-a")
    assert ("cannot make a control group ({reason})", str(root / "sharklab" / "sl-a")) == (
        error.message_id,
        error.place,
    )


def test_adopt_writes_the_process_into_the_group(root: Path) -> None:
    """The process runs already."""
    cgroups.adopt("sl-a", 4242)
    assert [4242] == cgroups.processes("sl-a")


def test_units_are_found_by_pattern_in_both_places(root: Path) -> None:
    """Groups of our own, and scopes of systemd."""
    group(root, "sl-a")
    (root / "machine.slice" / "sl-b.scope").mkdir(parents=True)
    (root / "machine.slice" / "other.scope").mkdir()
    assert (["sl-a", "sl-b"], ["sl-b"], []) == tuple(map(cgroups.units, ("sl-*", "sl-b", "sl-c")))


def test_processes_are_those_of_the_whole_tree(root: Path) -> None:
    """A host has groups of its own below its group; an unknown unit has no process."""
    inner = group(root, "sl-a", "1\n2\n") / "init.scope"
    inner.mkdir()
    (inner / "cgroup.procs").write_text("3\n")
    assert ([1, 2, 3], []) == (cgroups.processes("sl-a"), cgroups.processes("sl-b"))


@pytest.mark.parametrize("running", [True, False])
def test_is_running_asks_the_kernel(root: Path, running: bool) -> None:
    """`populated` counts processes in the groups below too."""
    group(root, "sl-a", running=running)
    assert (running, False) == (cgroups.is_running("sl-a"), cgroups.is_running("sl-b"))


def test_end_removes_empty_groups_and_their_parent(root: Path) -> None:
    """The innermost group first."""
    (root / "sharklab" / "sl-a" / "init.scope").mkdir(parents=True)
    (root / "sharklab" / "sl-b").mkdir()
    cgroups.end("sl-a")
    assert ["sl-b"] == [path.name for path in (root / "sharklab").iterdir()]
    cgroups.end("sl-*")
    assert [] == list(root.iterdir())


def test_end_that_fails_names_the_processes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that the kernel does not kill is told in time."""
    monkeypatch.setattr(cgroups, "KILL_LIMIT", -1.0)
    folder = group(root, "sl-a", "4242\n", running=True)
    (folder / "cgroup.kill").touch()
    error = error_of(MachineryError, cgroups.end, "sl-a")
    assert ("cannot kill the processes {processes}", [4242]) == (error.message_id, error.values["processes"])


def test_kill_asks_the_kernel_for_the_whole_group(root: Path) -> None:
    """Since Linux 5.14 one file kills all, also processes that are forked meanwhile."""
    folder = group(root, "sl-a", running=True)
    (folder / "cgroup.kill").touch()
    cgroups._kill("sl-a")
    assert "1" == (folder / "cgroup.kill").read_text()


def test_kill_of_an_older_kernel_kills_each_process(root: Path) -> None:
    """A process that is gone already is no error."""
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        group(root, "sl-a", f"{sleeper.pid}\n", running=True)
        cgroups._kill("sl-a")
        assert -9 == sleeper.wait()
    cgroups._kill("sl-a")


LIMITS = cgroups.Limits(memory=2**20, processes=20, cpu_weight=400)


def controllers(root: Path, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """Give the computer the controllers of a version: in one hierarchy, or in one for each."""
    roots = {name: (root / name if version == 1 else root, version) for name in cgroups.CONTROLLERS}
    monkeypatch.setattr(cgroups, "_controller", roots.get)


def test_limits_of_version_1(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process joins a folder of each controller, where its limit is; all of them go with the unit."""
    controllers(root, monkeypatch, 1)
    argv = [*cgroups.launcher("sl-a", LIMITS), "sh", "-c", "echo $$"]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    folders = {name: root / name / "sharklab-sl-a" for name in cgroups.CONTROLLERS}
    assert {done.stdout} == {(folder / "cgroup.procs").read_text() for folder in folders.values()}
    assert ("1048576", "20", "4096") == tuple(
        (folders[name] / file).read_text()
        for name, file in (("memory", "memory.limit_in_bytes"), ("pids", "pids.max"), ("cpu", "cpu.shares"))
    )
    for file in root.rglob("*"):
        if file.is_file():
            file.unlink()  # in a control group no file hinders its removal
    (root / "sharklab/sl-a").rmdir()  # as an interrupted removal leaves it
    assert ["sl-a"] == cgroups.units("sl-*")
    cgroups.end("sl-*")
    assert [] == list(root.rglob("*sl-a"))


def test_limits_of_version_2(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in the unit's own folder, once the folders above it hand the controllers down."""
    controllers(root, monkeypatch, 2)
    words = cgroups.launcher("sl-a", LIMITS)
    assert ["sh", str(root / "sharklab/sl-a"), "--"] == words[3:]
    own = root / "sharklab/sl-a"
    assert ("1048576", "20", "400") == tuple(
        (own / file).read_text() for file in ("memory.max", "pids.max", "cpu.weight")
    )
    assert "+cpu" == (root / "sharklab/cgroup.subtree_control").read_text()


def test_limits_that_the_machine_refuses_are_left_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group is made all the same; `controllers` tells of the lack."""
    words = cgroups.launcher("sl-a", LIMITS)
    assert (["sh", str(root / "sharklab/sl-a"), "--"], {False}) == (
        words[3:],
        set(cgroups.controllers().values()),
    )
    controllers(root, monkeypatch, 2)
    (root / "sharklab/sl-b/memory.max").mkdir(parents=True)
    cgroups.launcher("sl-b", LIMITS)
    assert "20" == (root / "sharklab/sl-b/pids.max").read_text()


def test_limits_of_a_scope(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd sets them by itself."""
    monkeypatch.setattr(cgroups, "_systemd_runs", lambda: True)
    words = cgroups.launcher("sl-a", LIMITS)
    wanted = {"MemoryMax=1048576", "TasksMax=20", "CPUWeight=400"}
    assert wanted <= {word.removeprefix("--property=") for word in words}


@pytest.mark.parametrize("version", [1, 2])
def test_usage_counts_what_the_unit_has(root: Path, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """Files that the kernel may drop do not count; what a limit did is counted, too."""
    controllers(root, monkeypatch, version)
    cgroups.launcher("sl-a", LIMITS)
    memory, pids = (cgroups._control_folder("sl-a", name) for name in ("memory", "pids"))
    held, events = {1: ("usage_in_bytes", "oom_control"), 2: ("current", "events")}[version]
    (memory / f"memory.{held}").write_text("5000\n")
    (memory / f"memory.{events}").write_text("under_oom 0\noom_kill 3\n")
    (memory / "memory.stat").write_text("inactive_file 1000\n")
    (pids / "pids.current").write_text("7\n")
    (pids / "pids.events").write_text("max 9\n")
    limits = {"memory_limit": LIMITS.memory, "process_limit": LIMITS.processes}
    assert cgroups.Usage(memory=4000, processes=7, killed=3, refused=9, **limits) == cgroups.usage("sl-a")
    assert cgroups.Usage(0, 0, 0, 0, 0, 0) == cgroups.usage("sl-b")


@pytest.mark.parametrize(
    ("mounts", "version"),
    [
        ("cgroup {0} cgroup rw,memory 0 0", 1),
        ("cgroup2 {0} cgroup2 rw 0 0", 2),
        ("tmpfs {0} tmpfs rw 0 0", None),
    ],
)
def test_controller_is_found_in_either_version(
    mounts: str, version: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 1 mounts it by its name; version 2 lists it in the root of its hierarchy."""
    (tmp_path / "mounts").write_text(mounts.format(tmp_path) + "\n")
    if version == 2:
        (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    monkeypatch.setattr(cgroups, "MOUNTS", tmp_path / "mounts")
    monkeypatch.setattr(cgroups, "_hierarchies", lambda: [tmp_path])
    cgroups._controller.cache_clear()
    assert (version and (tmp_path, version)) == cgroups._controller("memory")
    cgroups._controller.cache_clear()
