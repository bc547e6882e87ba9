"""Run a command in a root file system with /proc, /sys and /dev, as in a running system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sharklab import process

MOUNT = """
set -eu
for folder in proc sys dev; do mkdir -p "$1/$folder"; done
mount -t proc proc "$1/proc"
mount --rbind --make-rslave /sys "$1/sys"
mount --rbind --make-rslave /dev "$1/dev"
shift
exec "$@"
"""


def run(root: Path, command: Sequence[str | Path]) -> None:
    """Run `command`, which may enter `root` by chroot(8); its mounts and processes end with it.

    Raises MachineryError as `process.run` does.
    """
    apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
    process.run([*apart, "sh", "-c", MOUNT, "sh", root, *command])
