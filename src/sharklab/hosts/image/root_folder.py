"""A root file system while it is made: a folder, or a folder with the changes to other folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sharklab import process

# The mounts are in a namespace of their own and end with it. Relative names: a colon or a comma in the
# name of the state folder would end a name in the options of overlayfs.
OVERLAY = """
cd "$1"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$3,workdir=$4" "$5"
shift 5
"""
DEVICES = """
for folder in proc sys dev; do mkdir -p "$1/$folder"; done
mount -t proc proc "$1/proc"
mount --rbind --make-rslave /sys "$1/sys"
mount --rbind --make-rslave /dev "$1/dev"
"""
OFFERED = "usr/share/lab-packages"
"""The folder of packages that students install."""

APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")


@dataclass(frozen=True)
class RootFolder:
    """A root file system in the making.

    `folder` holds its files. With `below`, `folder` holds the changes to those folders, the uppermost of
    them first: then commands find the whole at `path`, and nothing else does.
    """

    folder: Path
    below: tuple[Path, ...] = ()

    @property
    def path(self) -> Path:
        """The folder in which a command of `run` finds the whole file system."""
        return self._beside("whole") if self.below else self.folder

    def run(self, command: Sequence[str | Path], devices: bool = False) -> None:
        """Run `command`, which may enter `path` by chroot(8); its mounts and processes end with it.

        `devices` mounts /proc, /sys and /dev there, as in a running system. Raises MachineryError as
        `process.run` does.
        """
        script, words = "set -eu\n", []
        if self.below:
            for folder in (self._beside("work"), self.path):
                folder.mkdir(exist_ok=True)
            script += OVERLAY
            words += self._overlay()
        script += f'{DEVICES if devices else ""}shift\nexec "$@"\n'
        process.run([*APART, "sh", "-c", script, "sh", *words, self.path, *command])

    def _overlay(self) -> list[str]:
        """Return the arguments of `OVERLAY`: a folder, and four names below it."""
        top = os.path.commonpath([self.folder, *self.below])
        lower, upper, work, whole = (
            ":".join(os.path.relpath(path, top) for path in paths)
            for paths in (self.below, [self.folder], [self._beside("work")], [self.path])
        )
        return [top, lower, upper, work, whole]

    def _beside(self, name: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{name}")
