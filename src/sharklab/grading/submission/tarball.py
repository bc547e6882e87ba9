"""Unpack a tar, also one that gzip compressed, that a student made: nothing in it is trusted.

Only its regular files come out. Links, devices, pipes and names that lead outside are left out, and every
byte that is read of it is counted, also of the files that are left out.
Source: POSIX.1-2017, pax (ustar); RFC 1952 (gzip).
"""

from __future__ import annotations

import gzip
import os
import tarfile
from pathlib import Path
from typing import IO, cast

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.grading.submission import archive
from sharklab.limits import ARCHIVE, ArchiveLimits
from sharklab.message import N_

_GZIP = b"\x1f\x8b"
_USTAR, _AT = b"ustar", 257
"""The sign of a tar, and its first byte in the first block."""
_BLOCK = 512
BROKEN = (*archive.BROKEN, tarfile.TarError, OverflowError)
"""The errors of Python's readers for a tar that lies."""


class _TooMuch(Exception):
    """More bytes came out than are allowed."""


class _Counted:
    """A stream that ends with `_TooMuch` after `most` bytes."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._left = stream, most

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`."""
        part = self._stream.read(min(size, self._left + 1))
        self._left -= len(part)
        if self._left < 0:
            raise _TooMuch
        return part


def is_tar(file: Path) -> bool:
    """Tell whether a regular file begins as a tar does, compressed by gzip or not."""
    try:
        with untrusted.stream(file, ARCHIVE.file) as stream:
            return _plain(stream).read(_BLOCK)[_AT:].startswith(_USTAR)
    except (InputError, *BROKEN):
        return False


def _plain(stream: IO[bytes]) -> IO[bytes]:
    """Return the content of a stream without gzip's compression."""
    is_packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=stream)) if is_packed else stream


def extract(file: Path, into: Path, unpacked: int, limits: ArchiveLimits = ARCHIVE) -> int:
    """Unpack the tar `file` below the folder `into`; return how many bytes came out.

    Its content and its headers may have `unpacked` bytes. Of two files with one name the first counts.
    Raises InputError when it is no tar, damaged, or beyond the limits.
    """
    size = 0
    with untrusted.stream(file, limits.file) as stream:
        try:
            counted = cast(IO[bytes], _Counted(_plain(stream), unpacked))
            with tarfile.open(fileobj=counted, mode="r|") as opened:
                for number, entry in enumerate(opened):
                    if number == limits.entries:
                        raise InputError(
                            N_("it has more than {most} files"), place=str(file), most=limits.entries
                        )
                    size += _write(opened, entry, into, min(limits.one, unpacked - size), limits)
        except _TooMuch as error:
            most = untrusted.size(unpacked)
            raise InputError(N_("it unpacks to more than {size}"), place=str(file), size=most) from error
        except BROKEN as error:
            archive.check_disk(error, into)
            raise InputError(N_("the tar is damaged: hand in a .zip"), place=str(file)) from error
    return size


def _write(
    opened: tarfile.TarFile, entry: tarfile.TarInfo, into: Path, most: int, limits: ArchiveLimits
) -> int:
    """Unpack one entry, if it is a regular file that may come out; return its bytes.

    A sparse file claims bytes that the tar does not have: it is left out. One that is larger than `most` is
    cut off one byte after it, so that its reader refuses it.
    """
    target = archive.place(entry.name, into, limits) if entry.isreg() and not entry.issparse() else None
    source = opened.extractfile(entry) if target and not target.exists() else None
    if target is None or source is None:
        return 0
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(target, archive.NEW, 0o600), "wb") as sink:
        return archive.copy(source, sink, most)
