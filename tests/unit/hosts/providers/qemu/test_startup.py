"""The start of a virtual machine: a disk that points elsewhere is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.image import Image
from sharklab.hosts.providers.qemu import accelerator, startup
from sharklab.hosts.providers.qemu.vm import VirtualMachine
from sharklab.lab.model import Plan


def test_launched_refuses_a_disk_with_its_data_elsewhere(seat_plan: Plan, tmp_path: Path) -> None:
    """A disk that was tampered with is not opened by root."""
    words = ["qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=elsewhere", "own", "1M"]
    subprocess.run(words, cwd=tmp_path, check=True)
    made = VirtualMachine(
        accelerator.TCG, Image("debian12-vm", "Debian", tmp_path), (tmp_path / "own",), Path("m")
    )
    with (
        pytest.raises(MachineryError) as caught,
        startup.start_machine(seat_plan, seat_plan.hosts[0], made),
    ):
        pass
    assert str(tmp_path / "own") == caught.value.place
