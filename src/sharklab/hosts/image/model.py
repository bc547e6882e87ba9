"""What images are, as plain data."""

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
        """What that kernel boots first: the initramfs of the same version."""
        return self.kernel.with_name(self.kernel.name.replace("vmlinuz-", "initrd.img-"))


@dataclass(frozen=True)
class Engine:
    """What runs virtual machines: QEMU's accelerator ("kvm", "tcg"), the model of the processor it shows."""

    accelerator: str
    cpu: str


@dataclass(frozen=True)
class Snapshots:
    """What hosts that are virtual machines are restored from: `<folder>/<host>/` holds disk and memory.

    `engine` is what they were made with, and all that can restore them; `libvirt` the libvirt that starts
    them, or "" where QEMU is started without one.
    """

    image: Image
    folder: Path
    engine: Engine
    libvirt: str = ""


@dataclass(frozen=True)
class Layers:
    """What the hosts of a lab are made from: a base image, and a folder with one baked layer per host.

    `folder` is where `<host>/` layers are; hosts without one start from the base image. `snapshots` is
    what those of the lab's hosts are made from that are virtual machines.
    """

    image: Image
    folder: Path
    snapshots: Snapshots | None = None

    @property
    def name(self) -> str:
        """What these layers are told from others by."""
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
"""What machines are made from that exist already: nothing of ours."""
