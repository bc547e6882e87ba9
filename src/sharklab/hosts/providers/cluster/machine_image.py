"""The disk of virtual machines on a cluster: a whole root file system that starts by EFI, as engines want it.

    the first partition   the system partition of EFI: systemd-boot(7), the kernel and its initramfs
    the second partition  the root file system (ext4)

It has no values of a seat. The engine shows them to the machine as a file of a template (machine_init.sh).
"""

from __future__ import annotations

from pathlib import Path

from sharklab import process, system_packages
from sharklab.hosts.image.root_folder import RootFolder
from sharklab.hosts.providers.qemu import vm

SIZE = "4GiB"
"""The disk of a virtual machine. Unwritten parts take no space, but on a pool of the driver `dir`."""

TOOLS = ("mke2fs", "mformat", "qemu-img", "sfdisk")
LOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"

LABEL = "sharklab"
ENTRY = f"linux /linux\ninitrd /initrd\noptions root=LABEL={LABEL} {vm.KERNEL_SETTINGS}\n"

MAKE = r"""
cd "$1"
root=$2 loader=$3 entry=$4 label=$5 size=$6 target=$7
mebibytes=128
truncate --size="$size" disk.raw
sfdisk --quiet disk.raw <<END
label: gpt
start=1MiB, size=${mebibytes}MiB, type=uefi
start=$((mebibytes + 1))MiB, type=linux
END
truncate --size="${mebibytes}M" esp.raw
mformat -i esp.raw -F -T "$((mebibytes * 2048))" -h 64 -s 32 ::
mmd -i esp.raw ::/EFI ::/EFI/BOOT ::/loader ::/loader/entries
mcopy -i esp.raw "$loader" ::/EFI/BOOT/BOOTX64.EFI
mcopy -i esp.raw "$root"/boot/vmlinuz-* ::/linux
mcopy -i esp.raw "$root"/boot/initrd.img-* ::/initrd
printf 'timeout 0\n' | mcopy -i esp.raw - ::/loader/loader.conf
printf '%s' "$entry" | mcopy -i esp.raw - ::/loader/entries/lab.conf
dd if=esp.raw of=disk.raw bs=1M seek=1 conv=notrunc,sparse status=none
offset=$(((mebibytes + 1) * 1048576))
mke2fs -q -F -t ext4 -L "$label" -E "offset=$offset,lazy_itable_init=1" -d "$root" disk.raw \
    "$((($(stat --format=%s disk.raw) - offset - 1048576) / 1024))k"
qemu-img convert -O qcow2 disk.raw "$target"
"""
"""The last mebibyte of the disk has the second table of partitions."""


def require() -> None:
    """Raise MachineryError when this computer lacks a tool, saying what to install."""
    process.require(*TOOLS)
    if not system_packages.find(LOADER):
        raise process.explain_missing([LOADER])


def make(root: RootFolder, target: Path) -> None:
    """Write the disk (qcow2) with the files of `root`, which have a kernel. Raises MachineryError."""
    require()
    words: list[str | Path] = [target.parent, root.path, LOADER, ENTRY, LABEL, SIZE, target.name]
    root.run(["sh", "-euc", MAKE, "sh", *words])
