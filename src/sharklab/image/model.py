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


@dataclass(frozen=True)
class Layers:
    """What the hosts of a lab are made from: a base image, and a folder with one baked layer per host.

    `folder` is where `<host>/` layers are; hosts without one start from the base image.
    """

    image: Image
    folder: Path

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
