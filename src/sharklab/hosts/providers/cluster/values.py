"""The values of a seat as one file: the changes that its set-up made on a host's disk before it boots.

A disk is prepared on this computer, as that of a container is (`providers.disk`): an upper folder of an
overlay. Its files are packed with owners, modes and attributes, and init.sh unpacks them in the host. Deleted
files of the image are listed: overlayfs notes them as devices with the numbers 0, 0, and folders that hide
those below by an attribute (the kernel's document on overlayfs).
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

REMOVED = ".removed"
OPAQUE = "trusted.overlay.opaque"
KEPT_ATTRIBUTES = ("security.capability", "system.posix_acl_access", "system.posix_acl_default")


def pack(upper: Path) -> bytes:
    """Return the changes in an upper folder as a tar file; its first file lists what is removed."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as target:
        removed = "".join(f"{path}\n" for path in _removed(upper)).encode()
        note = tarfile.TarInfo(REMOVED)
        note.size = len(removed)
        target.addfile(note, io.BytesIO(removed))
        for path in _walk(upper):
            if not _is_whiteout(path):
                _add(target, path, str(path.relative_to(upper)))
    return buffer.getvalue()


def _walk(upper: Path) -> Iterator[Path]:
    """Yield every file and folder below, a folder before its content."""
    for place, folders, files in os.walk(upper):
        folders.sort()
        for name in sorted([*folders, *files]):
            yield Path(place) / name


def _removed(upper: Path) -> Iterator[Path]:
    for path in _walk(upper):
        if _is_whiteout(path) or _is_opaque(path):
            yield path.relative_to(upper)


def _is_whiteout(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _is_opaque(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and OPAQUE in os.listxattr(path, follow_symlinks=False)


def _add(target: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file by the numbers of its owner, with the attributes that count (tar(1), --xattrs)."""
    info = target.gettarinfo(path, name)
    if info is None:  # a socket
        return
    info.uname = info.gname = ""
    for attribute in set(KEPT_ATTRIBUTES) & set(os.listxattr(path, follow_symlinks=False)):
        value = os.getxattr(path, attribute, follow_symlinks=False)
        info.pax_headers[f"SCHILY.xattr.{attribute}"] = value.decode("utf-8", "surrogateescape")
    if info.isreg():
        with path.open("rb") as source:
            target.addfile(info, source)
    else:
        target.addfile(info)
