"""Whether a student has worked on the hosts of a seat."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import flow
from sharklab.hosts import student_files
from sharklab.hosts.providers import boot, cgroups, disk_file, nspawn
from sharklab.lab.model import Seat

EARLIER = 3600.0


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seat:
    """Return a seat that was set up an hour ago."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    own = flow.prepare("tp4", "ada").seat
    file = state.folder(own.folder) / "provisioned"
    file.touch()
    made = file.stat().st_mtime - EARLIER
    os.utime(file, (made, made))
    return own


def test_a_file_of_the_student_counts(own: Seat) -> None:
    """Its change counts as the kernel noted it, whatever time the student gave it."""
    assert 0.0 == student_files.last_change(own)
    file = own.folder / "hosts" / "client" / "upper" / "home" / "student" / "web.pcap"
    state.folder(file.parent)
    file.touch()
    os.utime(file, (1.0, 1.0))
    assert file.stat().st_ctime == student_files.last_change(own)
    (own.folder / "provisioned").unlink()
    assert 0.0 == student_files.last_change(own)


@pytest.mark.parametrize(
    "name", ["var/log/syslog", "tmp/x", "home/student/.bash_history", "root/.cache/a", "etc/resolv.conf"]
)
def test_files_of_programs_do_not_count(own: Seat, name: str) -> None:
    """Logs, and the files that a login leaves."""
    file = own.folder / "hosts" / "server" / "upper" / name
    state.folder(file.parent)
    file.touch()
    assert 0.0 == student_files.last_change(own)


@pytest.mark.parametrize("disk", student_files.CLOSED_DISKS)
def test_a_disk_that_cannot_be_read_counts(own: Seat, disk: str) -> None:
    """Nothing tells that no work is in it: of a container that is off, and of a virtual machine."""
    file = own.folder / "hosts" / "client" / disk
    state.folder(file.parent)
    file.touch()
    assert file.stat().st_mtime == student_files.last_change(own)


def test_a_container_that_runs_is_looked_into(
    own: Seat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its files are where its own mounts are; what its programs write does not count."""
    upper = tmp_path / "mounted" / "upper"
    monkeypatch.setattr(cgroups, "processes", lambda unit: [7])
    monkeypatch.setattr(nspawn, "_is_nspawn", lambda pid: True)
    monkeypatch.setattr(disk_file, "upper", lambda pid: upper)
    state.folder(own.folder / "hosts" / "client")
    (own.folder / "hosts" / "client" / boot.DISK_FILE).touch()
    (state.folder(upper / "var" / "log") / "syslog").touch()
    assert 0.0 == student_files.last_change(own)
    file = state.folder(upper / "home" / "student") / "web.pcap"
    file.touch()
    assert file.stat().st_ctime == student_files.last_change(own)


def test_a_link_of_the_student_leads_nowhere(own: Seat, tmp_path: Path) -> None:
    """Root of a host may put a link to the server's own files in the place of a folder, and in a folder."""
    outside = state.folder(tmp_path / "outside")
    (outside / "file").touch()
    upper = state.folder(own.folder / "hosts" / "client" / "upper")
    (upper / "home").symlink_to(outside)
    assert 0.0 == student_files.last_change(own)
    link = state.folder(upper / "srv" / "deep") / "link"
    link.symlink_to(outside)
    assert link.lstat().st_ctime == student_files.last_change(own)


def test_folders_of_the_student_may_lie_deep(own: Seat) -> None:
    """Deeper than a path may be long (PATH_MAX)."""
    place = os.open(state.folder(own.folder / "hosts" / "client" / "upper" / "home"), os.O_RDONLY)
    for _ in range(50):
        os.mkdir("x" * 200, dir_fd=place)
        below = os.open("x" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(os.open("file", os.O_CREAT, dir_fd=place))
    assert os.stat("file", dir_fd=place).st_ctime == student_files.last_change(own)
    os.close(place)
