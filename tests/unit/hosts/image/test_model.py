"""Images and layers as plain data."""

from __future__ import annotations

from pathlib import Path

from sharklab.hosts import image


def test_lowers_of_baked_and_bare_hosts(tmp_path: Path) -> None:
    """A baked host has its layer above the base image, any other the base image alone."""
    (tmp_path / "tp4-1" / "server").mkdir(parents=True)
    base = image.Image("debian12", "Debian", tmp_path)
    layers = image.Layers(base, tmp_path / "tp4-1")
    assert (tmp_path / "tp4-1" / "server", tmp_path / "root") == layers.lowers("server")
    assert (tmp_path / "root",) == layers.lowers("client")


def test_kernel_of_a_lab_is_that_of_the_base_image(tmp_path: Path) -> None:
    """An initramfs that the packages of a lab made again goes before the one below it."""
    for file in ("base/root/boot/vmlinuz-6", "base/root/boot/initrd.img-6", "lab/root/boot/initrd.img-6"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    base = image.Image("debian12", "Debian", tmp_path / "base")
    lab = image.Image("debian12", "Debian", tmp_path / "lab", base)
    assert tmp_path / "base/root/boot/vmlinuz-6" == lab.kernel == base.kernel
    assert tmp_path / "lab/root/boot/initrd.img-6" == lab.ramdisk
    assert tmp_path / "base/root/boot/initrd.img-6" == base.ramdisk
