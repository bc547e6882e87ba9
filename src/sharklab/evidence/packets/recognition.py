"""Name the kind of a file that is no capture: by its first bytes, never by its name.

Students hand in pointers of git LFS, pictures, the text of a tool, and captures that a text editor
changed. Each kind has its sentence and its remedy.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sharklab import untrusted
from sharklab.message import N_, NN_

START = 64 << 10
"""Bytes at the start of a file that are looked at."""
_SHOWN = 60
_LEAST = 4
"""Bytes that tell a capture from another file."""
_REPLACED = "\N{REPLACEMENT CHARACTER}".encode()
_CONVERTED = (b"\x0d\x0a\x0d\x0d\x0d\x0a", b"\x0a\x0d\x0a")
"""How pcapng begins after LF became CRLF, or CRLF became LF: its first bytes are made to show this."""
_OF_TEXT = frozenset(b"\t\n\f\r\x1b")

AGAIN = N_("record it anew with tcpdump -w, or save it from Wireshark")
BINARY = N_("take the original file, and copy it in binary mode")
UNPACK = N_("unpack it, and take the capture out of it")
WRITE = N_("tcpdump -w FILE writes a capture; > FILE writes only text")
SAVE_AS = N_("open it in Wireshark, and save it as pcapng")
LFS = N_("run git lfs pull in its folder: that brings the capture itself")
RAW = N_("download the file itself: on GitHub this is the button Download raw file")


@dataclass(frozen=True)
class FileKind:
    """A kind of file that is no capture: the msgids of a sentence and of a remedy, and their values."""

    sentence: str
    remedy: str = AGAIN
    values: Mapping[str, object] = field(default_factory=dict)


EMPTY = FileKind(N_("the capture is empty"))
UNKNOWN = FileKind(N_("the file is not a pcap or pcapng capture"))
ZEROS = FileKind(N_("the file holds only zeros, not a capture: a copy or a download was not completed"))
EDITED = FileKind(
    N_("a text editor changed the capture: bytes of it became the replacement character U+FFFD"), BINARY
)
CONVERTED = FileKind(
    N_("the capture was changed: a program converted line ends in it, as it does in texts"), BINARY
)
RECODED = FileKind(
    N_("a program saved the capture as a text, and changed its bytes: PowerShell's > does so"), BINARY
)
_MAGICS = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\n\r\r\n")
_AS_TEXT = tuple({magic.decode(encoding) for magic in _MAGICS for encoding in ("latin-1", "cp437", "cp850")})
"""How a capture begins when a program of Windows takes its bytes for letters."""
NO_PACKET = FileKind(N_("the capture has a header and no packet"))
_ENDED = NN_(
    "the file ends within the header of a capture, after {count} byte: its copy was not completed",
    "the file ends within the header of a capture, after {count} bytes: its copy was not completed",
)
_BEGUN = NN_(
    "the file ends within the first packet, after {count} byte: its copy was not completed",
    "the file ends within the first packet, after {count} bytes: its copy was not completed",
)
_SHORT = NN_(
    "the file has {count} byte, and no capture is so short",
    "the file has {count} bytes, and no capture is so short",
)


def _file_kind(sentence: str, remedy: str = AGAIN, **values: object) -> FileKind:
    return FileKind(sentence, remedy, values)


_PICTURE = N_("the file is a picture ({format}), not a capture")
_VIDEO = N_("the file is a video, not a capture")
_ARCHIVE = N_("the file is packed ({format}), not a capture")
_OTHER = N_("the capture is in the format {format}, which is not read here")
_TOOL_TEXT = N_("the file is the text of {tool}, not a capture")
_PAGE = N_("the file is a web page (HTML), not a capture")
_DOCUMENT = N_("the file is a document ({format}), not a capture")

_STARTS: Mapping[bytes, FileKind] = {
    b"version https://git-lfs.github.com/spec/": FileKind(
        N_("the file is a pointer of git LFS, not the capture itself"), LFS
    ),
    b"\x89PNG": _file_kind(_PICTURE, format="PNG"),
    b"\xff\xd8\xff": _file_kind(_PICTURE, format="JPEG"),
    b"GIF8": _file_kind(_PICTURE, format="GIF"),
    b"II*\0": _file_kind(_PICTURE, format="TIFF"),
    b"MM\0*": _file_kind(_PICTURE, format="TIFF"),
    b"\x1a\x45\xdf\xa3": _file_kind(_VIDEO),
    b"RIFF": _file_kind(_PICTURE, format="WebP"),
    b"%PDF": _file_kind(_DOCUMENT, format="PDF"),
    b"\xd0\xcf\x11\xe0": _file_kind(_DOCUMENT, format="Office"),
    b"PK\x03\x04": _file_kind(_ARCHIVE, UNPACK, format="zip"),
    b"7z\xbc\xaf\x27\x1c": _file_kind(_ARCHIVE, UNPACK, format="7z"),
    b"Rar!": _file_kind(_ARCHIVE, UNPACK, format="RAR"),
    b"\xfd7zXZ": _file_kind(_ARCHIVE, UNPACK, format="xz"),
    b"BZh": _file_kind(_ARCHIVE, UNPACK, format="bzip2"),
    b"\x1f\x8b": _file_kind(_ARCHIVE, UNPACK, format="gzip"),
    b"\x28\xb5\x2f\xfd": _file_kind(_ARCHIVE, UNPACK, format="zstd"),
    b"\x04\x22\x4d\x18": _file_kind(_ARCHIVE, UNPACK, format="lz4"),
    b"snoop\0": _file_kind(_OTHER, SAVE_AS, format="snoop"),
    b"GMBU": _file_kind(_OTHER, SAVE_AS, format="Network Monitor"),
    b"RTSS": _file_kind(_OTHER, SAVE_AS, format="Network Monitor"),
    b"\xa1\xb2\xcd\x34": _file_kind(_OTHER, SAVE_AS, format="pcap (Kuznetzov)"),
    b"\x34\xcd\xb2\xa1": _file_kind(_OTHER, SAVE_AS, format="pcap (Kuznetzov)"),
}
"""The kinds by their first bytes. A compressed file stands here since it was unpacked once already."""

_LATER: tuple[tuple[int, bytes, FileKind], ...] = (
    (4, b"ftypheic", _file_kind(_PICTURE, format="HEIC")),
    (4, b"ftypheix", _file_kind(_PICTURE, format="HEIC")),
    (4, b"ftypmif1", _file_kind(_PICTURE, format="HEIC")),
    (4, b"ftypavif", _file_kind(_PICTURE, format="AVIF")),
    (4, b"ftyp", _file_kind(_VIDEO)),
    (30, b"mimetypeapplication/vnd.oasis.opendocument", _file_kind(_DOCUMENT, format="OpenDocument")),
    (30, b"[Content_Types].xml", _file_kind(_DOCUMENT, format="Office")),
    (257, b"ustar", _file_kind(_ARCHIVE, UNPACK, format="tar")),
)
"""The kinds by bytes that stand further behind: a telephone's pictures, documents that are zips, tar."""

_WORDS: tuple[tuple[str, FileKind], ...] = (
    (r"(?i)\s*<(!doctype html|html)", _file_kind(_PAGE, RAW)),
    (r"# Nmap|Starting Nmap|Nmap scan report|(?s:.*)<nmaprun", _file_kind(_TOOL_TEXT, tool="nmap")),
    (r"tcpdump: |reading from file |\d\d:\d\d:\d\d\.\d+ ", _file_kind(_TOOL_TEXT, WRITE, tool="tcpdump")),
    (r'"?No\.|\s*\d+ +\d+\.\d+ ', _file_kind(_TOOL_TEXT, SAVE_AS, tool="Wireshark")),
)
"""How the text of a tool begins: regular expressions."""


def recognise(content: bytes) -> FileKind:
    """Return the kind of a file whose `content` does not begin as a capture does."""
    if not content:
        return EMPTY
    if len(content) < _LEAST:
        return FileKind(_SHORT, AGAIN, {"count": len(content)})
    start = content[:START]
    if not any(start):
        return ZEROS
    if start.startswith(_CONVERTED):
        return CONVERTED
    if start.startswith(_REPLACED):
        return EDITED
    if _is_recoded(start):
        return RECODED
    kind = next((kind for at, magic, kind in _LATER if start.startswith(magic, at)), None)
    kind = kind or next((kind for magic, kind in _STARTS.items() if start.startswith(magic)), None)
    return kind or _bitmap(start) or _text(start) or UNKNOWN


def stump(content: bytes, *, cut: bool, has_header: bool) -> FileKind:
    """Return the kind of a capture without a packet: where `content` is `cut`, if it is.

    `has_header` tells whether all that stands before the first packet is there.
    """
    if not cut:
        return NO_PACKET
    return FileKind(_BEGUN if has_header else _ENDED, AGAIN, {"count": len(content)})


def _bitmap(start: bytes) -> FileKind | None:
    """Return the kind of a Windows bitmap, whose bytes 6 to 9 are zero; None for other bytes."""
    is_one = start.startswith(b"BM") and start[6:10] == bytes(4)
    return _file_kind(_PICTURE, format="BMP") if is_one else None


def is_edited(content: bytes) -> bool:
    """Tell whether a text editor saved a capture: its start is UTF-8, with U+FFFD for each other byte."""
    start = content[:START]
    return _REPLACED in start and _is_utf8(start)


def _is_recoded(start: bytes) -> bool:
    encoding = "utf-16" if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    return start[:16].decode(encoding, errors="replace").startswith(_AS_TEXT)


def _is_utf8(start: bytes) -> bool:
    """Tell whether `start`, which may end within a character, is UTF-8."""
    try:
        start.decode()
    except UnicodeDecodeError as error:
        return error.start >= START - 3
    return True


def _text(start: bytes) -> FileKind | None:
    """Return the kind of a text, None for other bytes."""
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        text = start.decode("utf-16", errors="replace")
    elif any(byte < 0x20 and byte not in _OF_TEXT for byte in start):
        return None
    else:
        text = start.decode("utf-8-sig", errors="replace")
    found = next((kind for pattern, kind in _WORDS if re.match(pattern, text[:1000])), None)
    shown = untrusted.name(" ".join(text[:1000].split()), _SHOWN)
    return found or _file_kind(N_("the file is a text, not a capture; it begins: {text}"), WRITE, text=shown)
