"""Golden snapshots: which are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.hosts.image import Layers
from sharklab.hosts.image.model import Snapshots
from sharklab.hosts.providers.qemu import accelerator, libvirt, snapshot, trial
from sharklab.hosts.providers.this_computer import VIRTUAL_MACHINES
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support.vm_sample import ADDRESS, made


def test_snapshots_of_libvirt_are_others(
    seat_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The devices differ, so that neither is restored as the other; nor as one of another libvirt."""
    image = made(tmp_path / "image").image
    said: list[Message] = []

    def name(address: str, version: str) -> str:
        monkeypatch.setattr(libvirt, "find_address", lambda: address)
        monkeypatch.setattr(libvirt, "version", lambda address: version)
        found = snapshot.snapshots(
            seat_plan, seat_plan.hosts, Layers(image, tmp_path / "lab"), VIRTUAL_MACHINES, said.append
        )
        assert address == found.libvirt
        return found.folder.name

    monkeypatch.setattr(snapshot, "_make", lambda *rest: None)
    monkeypatch.setattr(trial, "choose", lambda kernel_file: accelerator.TCG)
    names = [name("", "9"), name(ADDRESS, "9"), name(ADDRESS, "10"), name(ADDRESS, "9")]
    assert 3 == len(set(names)) and names[1] == names[3]
    starts = ["QEMU starts the virtual machines, without libvirt"]
    assert [*starts, f"libvirt starts the virtual machines ({ADDRESS})"] == [str(each) for each in said[:2]]


def test_the_machine_of_a_snapshot_need_not_outlive_a_power_cut(seat_plan: Plan, tmp_path: Path) -> None:
    """It is booted once, and made again when it was interrupted; so its disk may be a fast one."""
    image = made(tmp_path).image
    own = snapshot._golden_machine(
        seat_plan, seat_plan.hosts[0], Snapshots(image, tmp_path, accelerator.TCG, "")
    )
    assert "unsafe" == own.cache
