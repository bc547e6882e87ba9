"""The values of a seat as one file: the changes that bake and set-up made on a host's disk before it boots.

A disk is prepared on this computer, as that of a container is (`providers.disk`): upper folders of an
overlay. Their files are packed with owners, modes and attributes, and init.sh unpacks them in the host.
Deleted files of the image are listed: overlayfs notes them as devices with the numbers 0, 0, and folders that
hide those below by an attribute (the kernel's document on overlayfs).
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

REMOVED = ".removed"
OPAQUE = "trusted.overlay.opaque"
DROPPED = frozenset({"var/cache/apt/pkgcache.bin", "var/cache/apt/srcpkgcache.bin"})
"""Files that apt(8) makes again when it needs them. They are nine tenths of what baking changes on a host."""

KEPT_ATTRIBUTES = ("security.capability", "system.posix_acl_access", "system.posix_acl_default")


def pack(folders: Sequence[Path]) -> bytes:
    """Return the changes in upper folders as a tar file; its first file lists what is removed below them.

    The uppermost comes first: its files hide those of the folders below it.
    """
    kept, removed = _merge_folders(folders)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as target:
        listed = "".join(f"{name}\n" for name in sorted(removed)).encode()
        note = tarfile.TarInfo(REMOVED)
        note.size = len(listed)
        target.addfile(note, io.BytesIO(listed))
        for name in sorted(kept):  # a folder before its content
            _add(target, kept[name], name)
    return buffer.getvalue()


def _merge_folders(folders: Sequence[Path]) -> tuple[dict[str, Path], set[str]]:
    """Return the files of all folders by their names in the host, and the names that are removed there."""
    kept: dict[str, Path] = {}
    removed: set[str] = set()
    for folder in reversed(folders):
        for path in _walk(folder):
            name = str(path.relative_to(folder))
            if name in DROPPED:
                continue
            is_gone = _is_whiteout(path)
            if is_gone or _is_opaque(path):
                removed.add(name)
                kept = {other: at for other, at in kept.items() if not f"{other}/".startswith(f"{name}/")}
            if not is_gone:
                kept[name] = path
    return kept, removed


def _walk(upper: Path) -> Iterator[Path]:
    """Yield every file and folder below, a folder before its content."""
    for place, folders, files in os.walk(upper):
        folders.sort()
        for name in sorted([*folders, *files]):
            yield Path(place) / name


def _is_whiteout(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _is_opaque(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and OPAQUE in os.listxattr(path, follow_symlinks=False)


def _add(target: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file by the numbers of its owner, with the attributes that count (unpack.py)."""
    info = target.gettarinfo(path, name)
    if info is None:  # a socket
        return
    if info.islnk():  # each file is whole: one with several names may have them in several folders
        info.type, info.linkname, info.size = tarfile.REGTYPE, "", path.lstat().st_size
    info.uname = info.gname = ""
    info.pax_headers = {
        f"SCHILY.xattr.{name}": os.getxattr(path, name, follow_symlinks=False).decode(
            "utf-8", "surrogateescape"
        )
        for name in os.listxattr(path, follow_symlinks=False)
        if name in KEPT_ATTRIBUTES
    }
    if info.isreg():
        with path.open("rb") as source:
            target.addfile(info, source)
    else:
        target.addfile(info)
