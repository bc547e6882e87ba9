"""Unpack a zip that somebody made around submissions: a browser, Moodle, a student, a file manager.

Nothing in it is trusted: names stay below the folder that is given, links are left out, and every byte that
comes out is counted. Files that a system leaves in every folder are left out.
Source: PKWARE's APPNOTE 6.3.10 (zip); bit 11 of its flags says that a name is UTF-8.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from sharklab import untrusted
from sharklab.errors import InputError, MachineryError
from sharklab.grading.submission import strays
from sharklab.limits import ARCHIVE, ArchiveLimits
from sharklab.message import N_, NOTHING, Message

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
ENCRYPTED = 1
"""The bit of an entry's flags for a file with a password."""
BROKEN = (
    zipfile.BadZipFile,
    struct.error,
    zlib.error,
    ValueError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
)
"""The errors of Python's reader for an archive that lies."""
_UTF8 = 0x800
_LONGEST = 200
"""Bytes of a name that is kept as it is."""
_OTHERS: Mapping[bytes, str] = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "RAR",
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
}
"""How packed files of other formats begin."""


def is_zip(file: Path) -> bool:
    """Tell whether a regular file begins as a zip does."""
    return _start(file).startswith(b"PK\3\4")


def check_format(file: Path) -> None:
    """Raise InputError for an empty file, and for one that is packed in another format than zip or tar."""
    start = _start(file)
    if not start:
        raise InputError(N_("the file is empty"), place=str(file))
    for magic, format in _OTHERS.items():
        if start.startswith(magic):
            raise InputError(
                N_("the file is packed as {format}, and only zip and tar are read"),
                place=str(file),
                format=format,
            )


def _start(file: Path) -> bytes:
    """Return the first bytes of a file. Raises InputError when it is no regular file."""
    with untrusted.stream(file, ARCHIVE.file) as stream:
        return stream.read(8)


def extract(
    file: Path, into: Path, unpacked: int, limits: ArchiveLimits = ARCHIVE
) -> tuple[int, Mapping[Path, Message]]:
    """Unpack the zip `file` below the folder `into`, to at most `unpacked` bytes.

    Return how many bytes came out, and why a file did not. Of two files with one name the first counts.
    Raises InputError when it is no zip, damaged, or beyond the limits; MachineryError when the disk is full.
    """
    left = unpacked
    faults: dict[Path, Message] = {}
    with untrusted.stream(file, limits.file) as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except BROKEN as error:
            raise InputError(N_("the zip is damaged"), place=str(file)) from error
        if len(archive.infolist()) > limits.entries:
            raise InputError(N_("it has more than {most} files"), place=str(file), most=limits.entries)
        for entry in archive.infolist():
            target = _target(entry, into, limits)
            if target is None or target.exists():
                continue
            size, fault = _write(archive, entry, target, min(left, limits.one))
            left -= size
            if left < 0:
                most = untrusted.size(unpacked)
                raise InputError(N_("it unpacks to more than {size}"), place=str(file), size=most)
            if fault:
                faults[target] = fault
    return unpacked - left, faults


def _target(entry: zipfile.ZipInfo, into: Path, limits: ArchiveLimits) -> Path | None:
    """Return where an entry is unpacked, None for one that is left out."""
    if entry.is_dir() or stat.S_ISLNK(entry.external_attr >> 16):
        return None
    return place(entry.filename if entry.flag_bits & _UTF8 else _utf8(entry.filename), into, limits)


def place(name: str, into: Path, limits: ArchiveLimits) -> Path | None:
    """Return where the file of an archive with this name is unpacked below `into`, None for one left out."""
    parts = [_part(part) for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    is_odd = not parts or len(parts) > limits.depth or ".." in parts or any(map(strays.is_leftover, parts))
    return None if is_odd else into.joinpath(*parts)


def _utf8(name: str) -> str:
    """Return a name as macOS meant it: UTF-8 without the bit that says so, which zipfile reads as cp437."""
    try:
        return name.encode("cp437").decode()
    except UnicodeError:
        return name


def _part(name: str) -> str:
    """Return a name that can be shown, and that a file system takes (255 bytes); its ending stays."""
    shown = untrusted.name(name, len(name))
    return shown if len(shown.encode(errors="replace")) <= _LONGEST else f"{shown[:25]}…{shown[-25:]}"


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, most: int) -> tuple[int, Message]:
    """Unpack one entry; return how much came out, and why nothing is left of it.

    A file that is larger than `most` is cut off one byte after it, so that its reader refuses it.
    """
    if entry.flag_bits & ENCRYPTED:
        return 0, Message(N_("it is encrypted"))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with archive.open(entry) as source, os.fdopen(os.open(target, NEW, 0o600), "wb") as sink:
            return copy(source, sink, most), NOTHING
    except BROKEN as error:
        size = target.stat().st_size if target.is_file() else 0
        with suppress(OSError):  # a file may lie where its folder should be
            target.unlink()
        check_disk(error, target.parent)
        return size, Message(N_("it is damaged"))


def check_disk(error: BaseException, place: Path) -> None:
    """Raise MachineryError where `error` says that the disk is full: that is no fault of the archive."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise MachineryError(error.strerror or str(error), place=str(place)) from error


def copy(source: IO[bytes], sink: IO[bytes], most: int) -> int:
    """Copy the content of `source`, at most one byte more than `most`, and return its size in bytes."""
    left = most + 1
    while left and (part := source.read(min(left, 1 << 20))):
        sink.write(part)
        left -= len(part)
    return most + 1 - left
