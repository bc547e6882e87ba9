"""A root file system while it is made: a folder, or a folder with the changes to other folders."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
AT_PLACE = """
mount --bind "$1" "$2"
shift
"""
DEVICES = """
for folder in proc sys dev; do mkdir -p "$1/$folder"; done
mount -t proc proc "$1/proc"
mount --rbind --make-rslave /sys "$1/sys"
mount --rbind --make-rslave /dev "$1/dev"
"""
OFFERED = "usr/share/lab-packages"
"""The folder of packages that students install."""

_PLAIN = re.compile(r"[\w./+-]+", re.ASCII)
PLACES = Path("/run")
"""The folder for mount points. Only root can write there."""

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
        """The folder in which a command of `run` finds the whole file system.

        Its name is plain: apt finds no key in a folder with a colon in its name, and dnf none with a blank.
        """
        if _PLAIN.fullmatch(str(self._whole)):
            return self._whole
        digits = hashlib.sha256(str(self._whole).encode()).hexdigest()[:12]
        return PLACES / f"sharklab-root-{digits}"

    def run(self, command: Sequence[str | Path], devices: bool = False) -> None:
        """Run `command`, which may enter `path` by chroot(8); its mounts and processes end with it.

        `devices` mounts /proc, /sys and /dev there, as in a running system. Raises MachineryError as
        `process.run` does.
        """
        script, words = "set -eu\n", []
        if self.below:
            for folder in (self._beside("work"), self._whole):
                folder.mkdir(exist_ok=True)
            script += OVERLAY
            words += self._overlay()
        if self.path != self._whole:
            script += AT_PLACE
            words.append(str(self._whole))
        script += f'{DEVICES if devices else ""}shift\nexec "$@"\n'
        with self._mount_point():
            process.run([*APART, "sh", "-c", script, "sh", *words, self.path, *command])

    @contextmanager
    def _mount_point(self) -> Iterator[None]:
        """Have an empty folder at `path` where it is none of the image's own folders."""
        if self.path == self._whole:
            yield
            return
        self.path.mkdir(mode=0o700, exist_ok=True)
        try:
            yield
        finally:
            self.path.rmdir()

    @property
    def _whole(self) -> Path:
        return self._beside("whole") if self.below else self.folder

    def _overlay(self) -> list[str]:
        """Return the arguments of `OVERLAY`: a folder, and four names below it."""
        top = os.path.commonpath([self.folder, *self.below])
        lower, upper, work, whole = (
            ":".join(os.path.relpath(path, top) for path in paths)
            for paths in (self.below, [self.folder], [self._beside("work")], [self._whole])
        )
        return [top, lower, upper, work, whole]

    def _beside(self, name: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{name}")
