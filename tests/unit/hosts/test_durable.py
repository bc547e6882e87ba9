"""A seat that is on disk: its files, and what its containers wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab import process, state
from sharklab.hosts import durable
from sharklab.hosts.providers import boot, disk, nspawn
from tests.support import provider_seat


def test_save_settles_every_file_of_a_seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But no mount, no memory of a machine, and no link. The file system of a container comes first."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    seat_plan, settled = provider_seat.plan("ada", 1), list[Path]()
    inner = state.folder(tmp_path / "inner" / "upper")
    monkeypatch.setattr(
        os, "fsync", lambda handle: settled.append(Path(f"/proc/self/fd/{handle}").readlink())
    )
    monkeypatch.setattr(durable, "_sync_file_system", settled.append)
    monkeypatch.setattr(nspawn, "upper", lambda own, host: inner)
    own = disk.folder(seat_plan, "server")
    for name in ("root/mounted", "memory", boot.DISK_FILE, "kept/disk.ext4", "upper/root/notes"):
        state.folder((own / name).parent)
        (own / name).touch()
    (own / "lower0").symlink_to(tmp_path)
    durable.save(seat_plan.seat)
    files = {str(path.relative_to(own)) for path in settled if path.is_relative_to(own)}
    assert {".", "disk.ext4", "kept", "kept/disk.ext4", "upper", "upper/root", "upper/root/notes"} == files
    assert inner == settled[0] and seat_plan.seat.folder in settled


def test_save_has_a_virtual_machine_write_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it holds in its memory goes to the file of its disk, which is settled afterwards."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    seat_plan, order = provider_seat.plan("ada", 1), list[str]()
    file = state.folder(disk.folder(seat_plan, "server")) / disk.VM_DISK
    file.touch()
    monkeypatch.setattr(process, "run", lambda words, **rest: order.append(" ".join(map(str, words[-2:]))))
    monkeypatch.setattr(state, "settle", lambda path: order.append(path.name))
    durable.save(seat_plan.seat)
    assert "server sync" == order[0] and file.name in order


def test_file_systems_are_synced(tmp_path: Path) -> None:
    """By the kernel's own call, which knows the folder."""
    durable._sync_file_system(tmp_path)
    with pytest.raises(FileNotFoundError):
        durable._sync_file_system(tmp_path / "nowhere")
