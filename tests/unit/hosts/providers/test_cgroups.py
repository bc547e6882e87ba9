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
    """A scope of its own that is delegated to the host; no folder is made."""
    monkeypatch.setattr(cgroups, "_systemd_runs", lambda: True)
    words = cgroups.launcher("sl-a")
    assert ("systemd-run", "--", True) == (words[0], words[-1], "--unit=sl-a" in words)
    assert {"--scope", "--property=Delegate=yes"} <= set(words)
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
