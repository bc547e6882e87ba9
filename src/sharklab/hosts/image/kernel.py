"""The parts of virtual machines alone: their own kernel, and the program that waits for a seat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent

# Units that a virtual machine starts, because it has devices and its own kernel.
UNITS = frozenset(
    {
        "modprobe@.service",
        "systemd-modules-load.service",
        "systemd-remount-fs.service",
        "systemd-udev-trigger.service",
        "systemd-udevd-control.socket",
        "systemd-udevd-kernel.socket",
        "systemd-udevd.service",
    }
)

# Says where the kernel's NFS and its helpers meet, which Debian has elsewhere than its units say.
GENERATORS = frozenset({"rpc-pipefs-generator"})

FILES = {
    # A host that is restored from a snapshot waits here for the files of its seat.
    "usr/local/lib/sharklab/awake": (HERE / "awake.sh").read_text(),
    "etc/systemd/system/sharklab-awake.service": (HERE / "awake.service").read_text(),
    "etc/udev/rules.d/99-sharklab.rules": (
        'SUBSYSTEM=="virtio-ports", ATTR{name}=="sharklab", TAG+="systemd", '
        'ENV{SYSTEMD_WANTS}+="sharklab-awake.service"\n'
    ),
}


@dataclass(frozen=True)
class Kernel:
    """How a system gets its kernel, and the small file system (initramfs) from which that finds the disk.

    `packages` bring them, `files` (path: content) say what is in the initramfs, which is small: the command
    line of the kernel names the disk. `finish` is run in the root file system at the end. It leaves a
    /boot/vmlinuz-<version> and the /boot/initrd.img-<version> that goes with it.
    """

    packages: tuple[str, ...]
    files: Mapping[str, str]
    finish: tuple[str, ...]


DEBIAN = Kernel(
    packages=("initramfs-tools", "linux-image-cloud-amd64", "lz4", "udev"),
    files={
        "etc/initramfs-tools/conf.d/sharklab": "MODULES=list\nCOMPRESS=lz4\n",
        "etc/initramfs-tools/modules": "virtio_pci\nvirtio_blk\nvirtio_scsi\nsd_mod\next4\ncrc32c_generic\n",
    },
    finish=("update-initramfs", "-c", "-k", "all"),
)

# Rocky's kernel lies with its modules, and whether its package's own script copies it depends on other
# packages; an initramfs of that script suits only the machine on which the image is made. The firmware of
# the kernel's package is larger than all the rest, and QEMU's devices need none.
_ROCKY_FINISH = """
set -eu
for kernel in /usr/lib/modules/*/vmlinuz; do
    version=${kernel#/usr/lib/modules/} version=${version%/vmlinuz}
done
mkdir -p /boot
rm -rf /boot/initramfs-* /usr/lib/firmware/*
depmod "$version"
cp "$kernel" "/boot/vmlinuz-$version"
dracut --force --quiet "/boot/initrd.img-$version" "$version"
chmod a+r /boot/*  # for a QEMU that is nobody
"""

ROCKY = Kernel(
    packages=(
        *("dracut", "kernel-core", "kernel-modules", "kernel-modules-core", "kmod", "systemd-udev"),
        "tar",  # which awake.sh takes
    ),
    files={
        "etc/dracut.conf.d/sharklab.conf": (
            'hostonly="no"\n'
            'compress="cat"\n'
            'drivers+=" virtio_pci virtio_blk virtio_scsi sd_mod ext4 "\n'
            'filesystems+=" ext4 "\n'
            'omit_dracutmodules+=" crypt dm i18n iscsi kernel-network-modules lvm mdraid multipath '
            'network nfs nvdimm plymouth resume virtiofs "\n'
        ),
    },
    finish=("sh", "-c", _ROCKY_FINISH),
)
