"""The file system of a container in one file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.hosts.providers import boot, disk_file, trial_record


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a state folder of the test's own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))


def test_file_is_sparse_and_made_once(tmp_path: Path) -> None:
    """It is the owner's alone, and takes less than a megabyte at the start."""
    disk_file.make(tmp_path)
    file = tmp_path / boot.DISK_FILE
    found = file.stat()
    assert (disk_file.SIZE, 0o600, True) == (found.st_size, found.st_mode & 0o777, found.st_blocks < 2048)
    disk_file.make(tmp_path)
    assert found.st_mtime_ns == file.stat().st_mtime_ns
    assert ["disk.ext4", "state"] == sorted(file.name for file in tmp_path.iterdir())


def test_machine_that_cannot_mount_it_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried once after each start of the machine."""

    def refuse(argv: list[str], timeout: float | None = None) -> str:
        raise MachineryError("no loop devices")

    with monkeypatch.context() as patch:
        patch.setattr(process, "run", refuse)
        disk_file.make(tmp_path)
    disk_file.make(tmp_path)
    assert ("no", False) == (trial_record.read(disk_file.RECORD), (tmp_path / boot.DISK_FILE).exists())
    assert [disk_file.RECORD] == [file.name for file in (tmp_path / "state").iterdir()]


@pytest.mark.parametrize(
    ("options", "expected"),
    [("rw,discard", False), ("ro,discard", True), ("rw,discard,emergency_ro", True)],
    ids=["as ever", "after an error", "after an error on a newer kernel"],
)
def test_a_file_system_tells_when_it_takes_no_writes(
    options: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file system below the root of the host alone counts."""
    lines = [
        "22 1 7:1 / / ro - ext4 /dev/loop1 ro",
        f"24 22 7:2 / {boot.STORE} rw,noatime shared:3 - ext4 /dev/loop2 {options}",
    ]
    (tmp_path / "mountinfo").write_text("\n".join(lines))
    monkeypatch.setattr(disk_file, "Path", lambda name: tmp_path / Path(name).name)
    assert expected == disk_file.is_read_only(1)


def test_used_part_of_a_process_without_such_a_file() -> None:
    """A container that has none fills nothing of its own."""
    assert 0.0 == disk_file.measure_use(os.getpid())
