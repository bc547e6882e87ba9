"""Unpack a capture that was compressed by gzip, zstd or lz4: a piece at a time, up to a limit.

Wireshark reads such files too, and newer versions write them. A stranger's file of a few KiB may unpack
to many GiB, so no more than the limit is ever unpacked.
Sources: RFC 1952 (gzip), RFC 8878 (zstd), the LZ4 frame format.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.message import N_

_PIECE = 1 << 20
_WINDOW = 128 << 20
"""The most memory that a file of zstd may ask for: the window of `zstd --long`."""


class _Damaged(Exception):
    """The compressed data are not what their format allows."""


def _gzip(file: IO[bytes]) -> Iterator[bytes]:
    try:
        yield from _pieces(gzip.GzipFile(fileobj=file))
    except (OSError, zlib.error) as error:
        raise _Damaged from error


def _zstd(file: IO[bytes]) -> Iterator[bytes]:
    import zstandard  # late: few captures are compressed

    unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    try:
        yield from _pieces(unpacker.stream_reader(file, read_across_frames=True))
    except zstandard.ZstdError as error:
        raise _Damaged from error


def _lz4(file: IO[bytes]) -> Iterator[bytes]:
    import lz4.frame  # late: few captures are compressed

    try:
        yield from _pieces(lz4.frame.LZ4FrameFile(file))
    except RuntimeError as error:
        raise _Damaged from error


def _pieces(stream: Any) -> Iterator[bytes]:
    """Yield the unpacked bytes of `stream`, piece by piece; a stream that ends too early just ends."""
    with suppress(EOFError):
        while piece := stream.read1(_PIECE):
            yield piece


_READERS: Mapping[bytes, tuple[str, Callable[[IO[bytes]], Iterator[bytes]]]] = {
    b"\x1f\x8b": ("gzip", _gzip),
    b"\x28\xb5\x2f\xfd": ("zstd", _zstd),
    b"\x04\x22\x4d\x18": ("lz4", _lz4),
}
"""By the first bytes of a file: the name of the format, and what reads it."""


def method(content: bytes) -> str:
    """Return how `content` is compressed: "gzip", "zstd" or "lz4"; "" if it is not, by its first bytes."""
    return next((name for magic, (name, _) in _READERS.items() if content.startswith(magic)), "")


def unpack(path: Path, content: bytes, most: int) -> bytes:
    """Return the unpacked `content` of the file `path`, at most `most` bytes.

    A file that ends too early is unpacked to there. Raises InputError for a larger or a damaged one.
    """
    name, pieces = next(found for magic, found in _READERS.items() if content.startswith(magic))
    unpacked = bytearray()
    try:
        for piece in pieces(io.BytesIO(content)):
            unpacked += piece
            if len(unpacked) > most:
                raise _too_large(path, name, most)
    except _Damaged as error:
        raise InputError(
            N_("the file cannot be unpacked: its {method} data are damaged"),
            place=str(path),
            hint=N_("copy it again in binary mode"),
            method=name,
        ) from error
    return bytes(unpacked)


TOO_LARGE = N_("the capture is larger than {size} when it is unpacked ({method})")


def _too_large(path: Path, name: str, most: int) -> InputError:
    return InputError(
        TOO_LARGE,
        place=str(path),
        hint=N_("save the packets that you need into a smaller file"),
        size=untrusted.size(most),
        method=name,
    )
