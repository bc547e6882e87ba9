"""The mounts of a host, really made: in namespaces that end with each command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sharklab.hosts.providers import boot, disk_file

FIRST = 0x80000 + 0x10000


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Return the folder of a host, with two lower layers."""
    tmp_path.chmod(0o755)
    for name in ("upper", "work", "root", "one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "above").write_text("1")
    (tmp_path / "two" / "below").write_text("2")
    os.chown(tmp_path / "two" / "below", 1000, 1000)
    (tmp_path / "lower0").symlink_to("one")
    (tmp_path / "lower1").symlink_to("two")
    return tmp_path


def run(folder: Path, first: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command where the root of the host is mounted."""
    argv = [sys.executable, "-I", "-S", boot.__file__, "-", first, "lower0:lower1", "sh", "-c", command]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


def test_owners_are_shifted_in_the_host_and_plain_on_disk(host: Path) -> None:
    """Root is FIRST there and the user 1000 stands 1000 above; what root of the host writes is root's."""
    setpriv = f"setpriv --reuid={FIRST} --regid={FIRST} --clear-groups"
    done = run(host, str(FIRST), f"{setpriv} touch root/new; stat -c %u root/above root/below root/new")
    assert [str(FIRST), str(FIRST + 1000), str(FIRST)] == done.stdout.split()
    assert (0, 1000) == ((host / "upper/new").stat().st_uid, (host / "two/below").stat().st_uid)


def test_host_without_users_of_its_own(host: Path) -> None:
    """The same mounts, with the owners of the disk."""
    assert ["0", "1000"] == run(host, "-", "stat -c %u root/above root/below").stdout.split()


def test_interfaces_are_those_of_the_new_namespace(host: Path) -> None:
    """systemd-nspawn looks for interfaces in /sys; a read-only one needs no udev."""
    done = run(host, "-", "ls /sys/class/net; touch /sys/x; ls /sys/fs/cgroup")
    names, *groups = done.stdout.splitlines()
    assert ("lo", True, True) == (names, "Read-only" in done.stderr, bool(groups))


def test_changes_are_in_the_file_of_the_disk(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first boot moves the upper folder there; the next finds all changes; the disk has an end."""
    monkeypatch.setattr(disk_file, "SIZE", 32 * 2**20)
    disk_file._make(host / boot.DISK_FILE)
    (host / "upper/first").write_text("1")
    os.chown(host / "upper/first", 1000, 1000)
    shown = run(host, str(FIRST), "stat -c %u root/first && echo 2 > root/second && sync")
    assert [str(FIRST + 1000)] == shown.stdout.split()
    assert not (host / "upper").exists()
    full = run(
        host, str(FIRST), f"cat root/second; head -c {disk_file.SIZE} /dev/zero > root/full; rm root/full"
    )
    assert ("2\n", True) == (full.stdout, "No space left" in full.stderr)


def test_the_kernel_names_no_student(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host can read the paths of the files of all loop devices; that of a host tells nothing."""
    monkeypatch.setattr(disk_file, "SIZE", 32 * 2**20)
    disk_file._make(host / boot.DISK_FILE)
    shown = run(host, str(FIRST), "cat /sys/block/loop*/loop/backing_file").stdout
    assert boot.DISK_FILE in shown and str(host) not in shown


def test_no_socket_reaches_the_hypervisor(host: Path) -> None:
    """Sockets of other families are made as ever."""
    python = "import socket; socket.socket(socket.AF_INET); socket.socket(40)"
    done = run(host, "-", f"{sys.executable} -c '{python}'")
    assert "Address family not supported" in done.stderr.splitlines()[-1]


def test_nothing_is_left(host: Path) -> None:
    """The mounts end with the command."""
    run(host, str(FIRST), "true")
    assert str(host) not in Path("/proc/self/mounts").read_text()


def test_failure_names_the_call(host: Path) -> None:
    """The console of the host tells what went wrong; the command does not start."""
    (host / "root").rmdir()
    done = run(host, "-", "echo started")
    assert (1, "", True) == (done.returncode, done.stdout, "mount root" in done.stderr)
