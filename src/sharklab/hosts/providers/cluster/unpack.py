"""Put the values of a seat into a host before systemd starts: unpack.py FILE ROOT

The host has no tar(1) on every system, and Python is there for Ansible. The file is that of values.py. Each
file that is there goes first, so that nothing is written through a link of the image.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from pathlib import Path

REMOVED = ".removed"
ATTRIBUTE = "SCHILY.xattr."


def remove(place: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def put(packed: tarfile.TarFile, one: tarfile.TarInfo, root: Path) -> None:
    """Make one file or folder, with its owner, mode and attributes. A folder that is there is kept."""
    place = root / one.name
    if not (one.isdir() and place.is_dir()):
        remove(place)
        packed.extract(one, root, set_attrs=False)
    os.lchown(place, one.uid, one.gid)
    if one.issym():
        return
    place.chmod(one.mode)
    os.utime(place, (one.mtime, one.mtime))
    for name, value in one.pax_headers.items():
        if name.startswith(ATTRIBUTE):
            os.setxattr(place, name[len(ATTRIBUTE) :], value.encode("utf-8", "surrogateescape"))


def main(file: Path, root: Path) -> None:
    """Do the work, and remove the file: a later boot changes nothing."""
    with tarfile.open(file) as packed:
        packed.extraction_filter = lambda one, place: one  # links may be absolute: the file is our own
        for one in packed:
            if one.name != REMOVED:
                put(packed, one, root)
                continue
            listed = packed.extractfile(one)
            for line in (listed.read().decode() if listed else "").splitlines():
                remove(root / line)
    file.unlink()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
