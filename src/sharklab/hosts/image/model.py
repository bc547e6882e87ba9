"""Images, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """A base image: the operating system's name, its family as Ansible says it, and its folder."""

    os: str
    family: str
    folder: Path

    @property
    def root(self) -> Path:
        """The root file system; nothing may write to it."""
        return self.folder / "root"

    @property
    def kernel(self) -> Path:
        """The kernel of virtual machines. Raises StopIteration when the image has none."""
        return next(iter(sorted((self.root / "boot").glob("vmlinuz-*"))))

    @property
    def ramdisk(self) -> Path:
        """The initramfs of that kernel: of the same version."""
        return self.kernel.with_name(self.kernel.name.replace("vmlinuz-", "initrd.img-"))


@dataclass(frozen=True)
class Engine:
    """The engine of virtual machines: QEMU's accelerator ("kvm", "tcg") and the processor model it shows."""

    accelerator: str
    cpu: str


@dataclass(frozen=True)
class Snapshots:
    """The snapshots from which virtual machines are restored: `<folder>/<host>/` holds disk and memory.

    `engine` made them, and only it can restore them. `libvirt` is the libvirt that starts them, or "" if
    QEMU is started without one.
    """

    image: Image
    folder: Path
    engine: Engine
    libvirt: str = ""


@dataclass(frozen=True)
class Layers:
    """The sources of a lab's hosts: a base image, and a folder with one baked layer per host.

    `folder` holds the layers `<host>/`; hosts without one start from the base image. `snapshots` are for
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
        return (
            (layer, self.image.root)
            if layer.is_dir() and self.folder != self.image.folder
            else (self.image.root,)
        )


NOTHING = Layers(Image("", "", Path()), Path())
"""The layers of borrowed machines: sharklab makes none for them."""
