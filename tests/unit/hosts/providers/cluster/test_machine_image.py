"""The disk of virtual machines: two partitions, the loader of EFI with the kernel, and the files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.image.root_folder import RootFolder
from sharklab.hosts.providers.cluster import machine_image
from tests.support.errors import error_of


def output(*command: str | Path) -> str:
    """Return the output of a command."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_disk_starts_by_efi_and_has_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel and its initramfs are beside the loader, whose entry names the root by its label."""
    (tmp_path / "loader.efi").write_text("the loader")
    monkeypatch.setattr(machine_image, "LOADER", str(tmp_path / "loader.efi"))
    monkeypatch.setattr(machine_image, "SIZE", "192MiB")
    monkeypatch.setattr(machine_image, "require", lambda: None)
    building = tmp_path / "building"
    root = RootFolder(building / "root")
    (root.folder / "boot").mkdir(parents=True)
    (root.folder / "etc").mkdir()
    (root.folder / "etc/hello").write_text("a file")
    for name, content in {"vmlinuz-6.1": "a kernel", "initrd.img-6.1": "its initramfs"}.items():
        (root.folder / "boot" / name).write_text(content)
    machine_image.make(root, building / "rootfs")
    raw = tmp_path / "raw"
    assert "qcow2" == json.loads(output("qemu-img", "info", "--output=json", building / "rootfs"))["format"]
    output("qemu-img", "convert", "-O", "raw", building / "rootfs", raw)
    table = json.loads(output("sfdisk", "--json", raw))["partitiontable"]
    assert "gpt" == table["label"]
    efi, files = table["partitions"]
    assert "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" == efi["type"]
    system = f"{raw}@@{efi['start'] * 512}"
    shown = {
        name: output("mtype", "-i", system, f"::/{name}")
        for name in ("EFI/BOOT/BOOTX64.EFI", "linux", "initrd", "loader/entries/lab.conf")
    }
    assert ["the loader", "a kernel", "its initramfs", machine_image.ENTRY] == list(shown.values())
    with raw.open("rb") as disk, (tmp_path / "ext4").open("wb") as kept:
        disk.seek(files["start"] * 512)
        kept.write(disk.read(files["size"] * 512))
    assert "a file" == output("debugfs", "-R", "cat /etc/hello", tmp_path / "ext4")
    assert machine_image.LABEL in output("dumpe2fs", "-h", tmp_path / "ext4")
    output("e2fsck", "-fn", tmp_path / "ext4")


def test_missing_loader_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is baked."""
    monkeypatch.setattr(machine_image, "TOOLS", ())
    monkeypatch.setattr("sharklab.system_packages.find", lambda tool: "")
    error = error_of(MachineryError, machine_image.require)
    assert machine_image.LOADER == error.values["tools"]
