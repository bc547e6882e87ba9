"""Files as they are: kept in a tar archive, compared with it, and put back from it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from sharklab.hosts.agent.tool import Failures

KINDS = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
"""Kinds of files that are saved. Sockets, pipes and devices belong to running programs."""

SERVED = ("nfs", "nfs4", "fuse", "cifs", "smb3", "9p", "ceph", "autofs")
"""Types of file systems that another computer or a program serves, or the first part of the type."""

BLOCK = 65_536
"""Bytes of a file that are read at once."""


def mounts() -> dict[str, tuple[str, str]]:
    """Return the type and the source of the file system at each mount point (proc(5), mounts)."""
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
        lines = [[_unescape(word) for word in line.split()] for line in file]
    return {at: (kind, source) for source, at, kind, *_ in lines}


def _unescape(word: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), word)


def list_served() -> frozenset[str]:
    """Return the mount points of file systems that another computer or a program serves.

    Where the server is dead, a program that only looks at such a place (lstat(2)) may hang for ever.
    """
    return frozenset(at for at, (kind, _) in mounts().items() if kind.partition(".")[0] in SERVED)


def below(root: str) -> Iterator[str]:
    """Yield `root` and all below it, each folder before its content, without other mounts."""
    return _below(root, list_served())


def _below(root: str, left_out: frozenset[str]) -> Iterator[str]:
    now = None if root in left_out else status(root)
    if now is None or not any(kind(now.st_mode) for kind in KINDS):
        return
    yield root
    if stat.S_ISDIR(now.st_mode):
        for name in sorted(os.listdir(root)):
            path = os.path.join(root, name)
            inner = None if path in left_out else status(path)
            if inner is not None and inner.st_dev == now.st_dev:
                yield from _below(path, left_out)


def status(path: str) -> os.stat_result | None:
    """Return lstat(2) of `path`, or None when nothing is there."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def digest(path: str, algorithm: str) -> str:
    """Return the digest of a regular file by hashlib's `algorithm`, in hexadecimal digits; "" of another."""
    now = status(path)
    if now is None or not stat.S_ISREG(now.st_mode):
        return ""
    made = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while part := file.read(BLOCK):
            made.update(part)
    return made.hexdigest()


def text(path: str) -> str:
    """Return the text of a regular file, "" of anything else."""
    now = status(path)
    if now is None or not stat.S_ISREG(now.st_mode):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def size(paths: Iterable[str]) -> int:
    """Return the bytes of all files at or below `paths`."""
    states = (status(path) for root in paths for path in below(root))
    return sum(one.st_size for one in states if one and stat.S_ISREG(one.st_mode))


def keep(archive: tarfile.TarFile, roots: Iterable[str]) -> None:
    """Add the files at and below `roots` to the archive, each with its own content."""
    for path in dict.fromkeys(path for root in roots for path in below(root)):
        with contextlib.suppress(FileNotFoundError):  # it went away meanwhile
            archive.inodes = {}  # type: ignore[attr-defined]  # a hard link is kept as a file
            info = archive.gettarinfo(path, arcname=path.lstrip("/"))
            if info.isreg():
                with open(path, "rb") as content:
                    archive.addfile(info, content)
            else:
                archive.addfile(info)


class Kept:
    """An archive that `keep` filled, to compare with the present files."""

    def __init__(self, archive: tarfile.TarFile, roots: Iterable[str]) -> None:
        self._archive = archive
        self._roots = tuple(roots)
        self._wanted = {f"/{info.name}": info for info in archive if self._is_below(f"/{info.name}")}

    def put_back(self, left: frozenset[str], failures: Failures) -> list[str]:
        """Restore all files except those of `left`; return the paths that changed."""
        changed = self._remove_new(left, failures)
        for path, info in self._wanted.items():
            if path not in left and not self._is_same(path, info):
                try:
                    self._put(path, info)
                    changed.append(path)
                except OSError as error:
                    failures.note(path, error.strerror or str(error))
        return changed

    def _is_below(self, path: str) -> bool:
        return any(path == root or path.startswith(f"{root}/") for root in self._roots)

    def _remove_new(self, left: frozenset[str], failures: Failures) -> list[str]:
        now = [path for root in self._roots for path in below(root)]
        new = [path for path in dict.fromkeys(now) if path not in self._wanted and path not in left]
        return [path for path in reversed(new) if remove(path, failures)]

    def _is_same(self, path: str, info: tarfile.TarInfo) -> bool:
        now = status(path)
        if now is None or stat.S_IFMT(now.st_mode) != _kind(info):
            return False
        if (now.st_uid, now.st_gid) != (info.uid, info.gid):
            return False
        if info.issym():
            return os.readlink(path) == info.linkname
        if stat.S_IMODE(now.st_mode) != info.mode:
            return False
        return not info.isreg() or (now.st_size == info.size and _read(path) == self._content(info))

    def _content(self, info: tarfile.TarInfo) -> bytes:
        return cast(BinaryIO, self._archive.extractfile(info)).read()

    def _put(self, path: str, info: tarfile.TarInfo) -> None:
        now = status(path)
        if now and stat.S_ISDIR(now.st_mode) and not info.isdir():
            shutil.rmtree(path)
        if info.isdir():
            _make_folder(path, info)
        elif info.issym():
            _replace(path, lambda draft: _make_link(draft, info))
        else:
            content = self._content(info)
            try:
                _replace(path, lambda draft: _make_file(draft, content, info))
            except OSError as error:
                if error.errno != errno.EBUSY:  # something is mounted on it, as containers do
                    raise
                _make_file(path, content, info)


def remove(path: str, failures: Failures) -> bool:
    """Remove a file, or a folder that is empty; tell whether that was done. A full folder stays."""
    try:
        now = status(path)
        if now is None:
            return False
        if stat.S_ISDIR(now.st_mode):
            os.rmdir(path)
        else:
            os.unlink(path)
        return True
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            failures.note(path, error.strerror or str(error))
        return False


def remove_tree(path: str, failures: Failures) -> bool:
    """Remove `path` with all below it, without other mounts; return True if it existed."""
    there = os.path.lexists(path)
    for inner in reversed(list(below(path))):
        remove(inner, failures)
    if there and os.path.lexists(path):
        failures.note(path, "is still there")
    return there


def _kind(info: tarfile.TarInfo) -> int:
    return stat.S_IFDIR if info.isdir() else stat.S_IFLNK if info.issym() else stat.S_IFREG


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _make_folder(path: str, info: tarfile.TarInfo) -> None:
    if not os.path.isdir(path) or os.path.islink(path):
        if os.path.lexists(path):
            os.unlink(path)
        os.makedirs(path)
    os.chown(path, info.uid, info.gid)
    os.chmod(path, info.mode)


def _make_link(path: str, info: tarfile.TarInfo) -> None:
    os.symlink(info.linkname, path)
    os.lchown(path, info.uid, info.gid)


def _make_file(path: str, content: bytes, info: tarfile.TarInfo) -> None:
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        os.fchown(file.fileno(), info.uid, info.gid)
        os.fchmod(file.fileno(), info.mode)
    os.utime(path, (info.mtime, info.mtime))


def _replace(path: str, make: object) -> None:
    """Make the file beside `path` and give it its name: whole, or not at all."""
    folder = tempfile.mkdtemp(prefix=".sharklab-", dir=os.path.dirname(path))
    try:
        draft = os.path.join(folder, "draft")
        make(draft)  # type: ignore[operator]
        os.rename(draft, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
