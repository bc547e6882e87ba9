"""Walk the records of a capture file before anything else trusts it, and search their bytes.

A capture may come from a stranger. Its kind is told by its first bytes, never by its name,
and every length that it claims is checked against a cap and against the file itself.
Sources: draft-ietf-opsawg-pcap (pcap), draft-ietf-opsawg-pcapng (pcapng).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.evidence.packets import compression, recognition
from sharklab.evidence.packets.recognition import FileKind
from sharklab.limits import CAPTURE
from sharklab.message import N_, NN_

PCAP, PCAPNG = "pcap", "pcapng"
PCAP_ORDER = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\x3c\x4d": ">",
}
_SECTION = b"\x0a\x0d\x0d\x0a"
_SECTION_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_PCAP_HEADER = 24
"""Bytes before the first record of a pcap."""
_INTERFACE, _OLD, _SIMPLE, _ENHANCED = 1, 2, 3, 6
_RECORDS = frozenset({9, 0x0BAD, 0x4000_0BAD, *range(0x204, 0x224)})
"""Blocks of journald, of programs of their own, and of sysdig: Wireshark lists them among the packets."""
_PACKETS = frozenset({_OLD, _SIMPLE, _ENHANCED})


@dataclass(frozen=True)
class Container:
    """A capture file: its format, where each packet's bytes are (offset, length), whether it is cut short.

    The `content` is that of the file; of a compressed one, what was `unpacked`.
    """

    path: Path
    content: bytes
    format: str
    packets: tuple[tuple[int, int], ...]
    cut: bool
    unpacked: bool = False

    @property
    def whole(self) -> bytes | None:
        """The bytes that Wireshark's tools are to read; None for a file that they read as it is.

        A compressed file is read unpacked, for some builds of them cannot unpack. A pcap is read without the
        half record that it ends with: from it the tools guess that a small file is of another variant of
        pcap, and read nonsense (wiretap/libpcap.c looks at the first records). A pcapng is read without the
        records of programs, which the tools count as packets.
        """
        if self.format == PCAPNG and len(plain := _leave_out_records(self.content)) < len(self.content):
            return plain
        if not self.cut or self.format != PCAP or not self.packets:
            return self.content if self.unpacked else None
        offset, length = self.packets[-1]
        return self.content[: offset + length]

    @property
    def stump(self) -> FileKind | None:
        """The kind of a capture without a packet, None for one that has some."""
        if self.packets:
            return None
        has_header = len(self.content) >= _PCAP_HEADER if self.format == PCAP else bool(link_types(self))
        return recognition.stump(self.content, cut=self.cut, has_header=has_header)

    @property
    def frames(self) -> Iterator[bytes]:
        """The bytes of each packet, in their order."""
        return (self.content[offset : offset + length] for offset, length in self.packets)

    def search(self, text: str) -> tuple[int, ...]:
        """Return the numbers (from 1) of the packets whose bytes contain `text`, in whatever case.

        Case does not count because resolvers may send a DNS name in mixed case.
        """
        wanted = text.encode().lower()
        numbered = enumerate(self.frames, 1) if wanted else ()
        return tuple(number for number, frame in numbered if wanted in frame.lower())


TOO_MANY = N_("the capture has more than {most} packets")
BEYOND = frozenset({untrusted.TOO_LARGE, compression.TOO_LARGE, TOO_MANY})
"""The sentences on a capture that is sound and too large."""


class _Cut(Exception):
    """The file ends in the middle of a record."""


def is_capture(head: bytes) -> bool:
    """Tell whether the first bytes of a file are those of a capture, or of a compressed file."""
    return head[:4] in PCAP_ORDER or head[:4] == _SECTION or bool(compression.method(head))


def open_capture(path: Path) -> Container:
    """Return the records of the capture in `path`, which gzip, zstd or lz4 may have compressed.

    Raises InputError when it is missing, not a capture, damaged, or beyond `sharklab.limits.CAPTURE`.
    """
    content = untrusted.read(path, CAPTURE.bytes)
    if not compression.method(content):
        return _walk(path, content)
    return parse(path, compression.unpack(path, content, CAPTURE.bytes))


def link_types(capture: Container) -> frozenset[int]:
    """Return the link types of a capture (tcpdump.org/linktypes.html): a pcapng may have several."""
    content = capture.content
    if capture.format == PCAP:
        (kind,) = struct.unpack_from(PCAP_ORDER[content[:4]] + "I", content, 20)
        return frozenset({kind & 0xFFFF})  # the bits above say how long a frame's check sequence is
    return frozenset(_interfaces(content))


def _interfaces(content: bytes) -> Iterator[int]:
    """Yield the link type of each interface of a pcapng, whose blocks were walked already."""
    for order, kind, offset, length in _blocks(content):
        if kind == _INTERFACE and offset + length <= len(content):
            yield int(struct.unpack_from(order + "H", content, offset + 8)[0])


def _blocks(content: bytes) -> Iterator[tuple[str, int, int, int]]:
    """Yield byte order, kind, place and length of each block of a pcapng that was walked already."""
    offset, order = 0, "<"
    while offset + 12 <= len(content):
        if content[offset : offset + 4] == _SECTION:
            order = _SECTION_ORDER[content[offset + 8 : offset + 12]]
        kind, length = struct.unpack_from(order + "II", content, offset)
        yield order, kind, offset, length
        offset += length


def _leave_out_records(content: bytes) -> bytes:
    """Return a pcapng without its records of programs."""
    kept, start = list[bytes](), 0
    for _, kind, offset, length in _blocks(content):
        if kind in _RECORDS:
            kept.append(content[start:offset])
            start = offset + length
    return b"".join([*kept, content[start:]]) if start else content


def parse(path: Path, content: bytes) -> Container:
    """Return the records of the capture `content`, which was taken out of the file `path`.

    Raises InputError as `open_capture` does.
    """
    return replace(_walk(path, content), unpacked=True)


def _walk(path: Path, content: bytes) -> Container:
    try:
        capture = _scan(path, content)
    except InputError:
        _check_changes(path, content)
        raise
    if capture.cut:
        _check_changes(path, content)
    return capture


def _check_changes(path: Path, content: bytes) -> None:
    """Raise InputError when a text editor, or a program that converts line ends, damaged the capture."""
    if recognition.is_edited(content):
        raise _refuse_kind(path, recognition.EDITED)
    before = content.replace(b"\r\n", b"\n")
    if before != content and _is_whole(path, before):
        raise _refuse_kind(path, recognition.CONVERTED)


def _is_whole(path: Path, content: bytes) -> bool:
    try:
        return not _scan(path, content).cut
    except InputError:
        return False


def _scan(path: Path, content: bytes) -> Container:
    if content[:4] in PCAP_ORDER:
        format, records = PCAP, _pcap(path, content)
    elif content[:4] == _SECTION:
        format, records = PCAPNG, _pcapng(path, content)
    else:
        raise _refuse_kind(path, recognition.recognise(content))
    packets: list[tuple[int, int]] = []
    try:
        for record in records:
            packets.append(record)
            if len(packets) > CAPTURE.packets:
                raise _refuse(path, TOO_MANY, most=CAPTURE.packets)
    except _Cut:
        return Container(path, content, format, tuple(packets), True)
    return Container(path, content, format, tuple(packets), False)


def _pcap(path: Path, content: bytes) -> Iterator[tuple[int, int]]:
    order, offset = PCAP_ORDER[content[:4]], _PCAP_HEADER
    _reach(content, offset)
    while offset < len(content):
        _reach(content, offset + 16)
        (length,) = struct.unpack_from(order + "I", content, offset + 8)
        _check(path, length, offset)
        _reach(content, offset + 16 + length)
        yield offset + 16, length
        offset += 16 + length


def _pcapng(path: Path, content: bytes) -> Iterator[tuple[int, int]]:
    offset, order, others = 0, "<", Counter[int]()
    while offset < len(content):
        _reach(content, offset + 12)
        if content[offset : offset + 4] == _SECTION:
            order = _order(path, content, offset)
        kind, length = struct.unpack_from(order + "II", content, offset)
        _check(path, length, offset, least=12)
        _reach(content, offset + length)
        yield from _block(path, content, order, kind, offset, length)
        _count(path, kind, others)
        offset += length


def _count(path: Path, kind: int, others: Counter[int]) -> None:
    """Count a block that is no packet. Raises InputError for too many: readers remember each of them."""
    if kind in _PACKETS:
        return
    others[kind] += 1
    if others[_INTERFACE] > CAPTURE.interfaces:
        raise _refuse(path, N_("the capture has more than {most} interfaces"), most=CAPTURE.interfaces)
    if others.total() > CAPTURE.blocks:
        raise _refuse(
            path, N_("the capture has more than {most} blocks besides packets"), most=CAPTURE.blocks
        )


def _order(path: Path, content: bytes, offset: int) -> str:
    try:
        return _SECTION_ORDER[content[offset + 8 : offset + 12]]
    except KeyError as error:
        raise _refuse(path, N_("the capture is damaged at byte {offset}"), offset=offset) from error


def _block(
    path: Path, content: bytes, order: str, kind: int, offset: int, length: int
) -> Iterator[tuple[int, int]]:
    if kind == _SIMPLE:
        _check(path, length, offset, least=16)
        (whole,) = struct.unpack_from(order + "I", content, offset + 8)
        yield offset + 12, min(whole, length - 16)  # the rest is padding
    elif kind in (_ENHANCED, _OLD):
        _check(path, length, offset, least=32)
        (captured,) = struct.unpack_from(order + "I", content, offset + 20)
        _check(path, captured, offset, most=length - 32)
        yield offset + 28, captured


def _reach(content: bytes, end: int) -> None:
    if end > len(content):
        raise _Cut


def _check(path: Path, length: int, offset: int, least: int = 0, most: int = CAPTURE.record) -> None:
    if not least <= length <= most:
        raise _refuse(
            path,
            NN_(
                "the capture is damaged: a record of {count} byte at byte {offset}",
                "the capture is damaged: a record of {count} bytes at byte {offset}",
            ),
            count=length,
            offset=offset,
        )


def _refuse(path: Path, refusal: str, **values: object) -> InputError:
    return InputError(refusal, place=str(path), hint=recognition.AGAIN, problems=(), **values)


def _refuse_kind(path: Path, kind: FileKind) -> InputError:
    return InputError(kind.sentence, place=str(path), hint=kind.remedy, problems=(), **kind.values)
