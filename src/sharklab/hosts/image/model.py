"""Images, as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """A root file system: the operating system's name, its family as Ansible says it, and its folder.

    The base image has `below` None. The image of a lab holds the packages of its roles above the base image.
    """

    os: str
    family: str
    folder: Path
    below: Image | None = None

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that make the file system, the uppermost first; nothing may write to them."""
        return (self.folder / "root", *(self.below.roots if self.below else ()))

    @property
    def kernel(self) -> Path:
        """The kernel of virtual machines. Raises StopIteration when the image has none."""
        return next(file for root in self.roots for file in sorted((root / "boot").glob("vmlinuz-*")))

    @property
    def ramdisk(self) -> Path:
        """The initramfs of that kernel: of the same version. Raises StopIteration when there is none."""
        name = self.kernel.name.replace("vmlinuz-", "initrd.img-")
        return next(file for root in self.roots if (file := root / "boot" / name).exists())


@dataclass(frozen=True)
class RootSource:
    """A root file system that others made: its fingerprint, and a function that puts it into a folder."""

    fingerprint: str
    unpack: Callable[[Path], None]


@dataclass(frozen=True)
class Accelerator:
    """The accelerator of QEMU: the value of -accel ("kvm", "tcg,..."), and the processor of the machines."""

    option: str
    cpu: str


@dataclass(frozen=True)
class Snapshots:
    """The snapshots from which virtual machines are restored: `<folder>/<host>/` holds disk and memory.

    `accelerator` made them, and only it can restore them. `libvirt` is the libvirt that starts them, or "" if
    QEMU is started without one.
    """

    image: Image
    folder: Path
    accelerator: Accelerator
    libvirt: str = ""


@dataclass(frozen=True)
class Layers:
    """The sources of a lab's hosts: an image, and a folder with one baked layer per host.

    `folder` holds the layers `<host>/`; hosts without one start from the image. `snapshots` are for
    those of the lab's hosts that are virtual machines.
    """

    image: Image
    folder: Path
    snapshots: Snapshots | None = None

    @property
    def name(self) -> str:
        """A name that differs from that of all other layers."""
        return "\n".join(str(each.folder) for each in (self, self.snapshots) if each)

    def lowers(self, host: str) -> tuple[Path, ...]:
        """Return the lower folders of the host's overlay, the uppermost first."""
        layer = self.folder / host
        is_baked = layer.is_dir() and self.folder != self.image.folder
        return (layer, *self.image.roots) if is_baked else self.image.roots


NOTHING = Layers(Image("", "", Path()), Path())
"""The layers of a borrowed machine: none."""
