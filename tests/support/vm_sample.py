"""A virtual machine that is never started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sharklab.hosts.image import Image
from sharklab.hosts.providers.qemu import accelerator, vm

ADDRESS = "qemu:///system"


def made(folder: Path, **values: object) -> vm.VirtualMachine:
    """Return a machine whose kernel is in `folder`."""
    (folder / "root/boot").mkdir(parents=True, exist_ok=True)
    for name in ("root/boot/vmlinuz-6", "root/boot/initrd.img-6"):
        (folder / name).touch()
    image = Image("debian12-vm", "Debian", folder)
    disks = (folder / "disk", folder / "golden", folder / "base")
    plain = vm.VirtualMachine(accelerator.TCG, image, disks, folder / "memory", libvirt=ADDRESS)
    return replace(plain, **values)  # type: ignore[arg-type]
