"""Whether a student has worked on the hosts of a seat."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import flow
from sharklab.hosts import student_files
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
