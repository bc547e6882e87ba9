"""The table of operating systems."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab.hosts.image import systems
from sharklab.hosts.image.root_folder import RootFolder
from tests.support.programs import script


@pytest.mark.parametrize("name", sorted(systems.SYSTEMS))
def test_machine_has_a_kernel_and_its_devices(name: str) -> None:
    """Each system can be a virtual machine: with a kernel, udev, and what waits for a seat."""
    system = systems.find(name)
    own = systems.machine(system)
    assert (f"{name}-vm", system.family) == (own.name, own.family)
    assert set(system.kernel.packages) == set(own.packages) - set(system.packages) != set()
    assert {"systemd-udevd.service"} == {"systemd-udevd.service"} & (set(system.masks) - set(own.masks))
    assert {"rpc-pipefs-generator"} == set(system.generators) - set(own.generators)
    assert "etc/systemd/system/sharklab-awake.service" in set(own.files) - set(system.files)
    assert own.finish and not system.finish


def test_packages_of_kernels_make_no_initramfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Debian's packages ask (/etc/kernel/postinst.d) says so: a minute of work that nobody uses."""
    script(tmp_path, "mmdebstrap", f'echo "$INITRD" > {tmp_path}/said')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    systems.find("debian12").build(RootFolder(tmp_path / "root"), ["kernel"], [], tmp_path)
    assert "No\n" == (tmp_path / "said").read_text()
