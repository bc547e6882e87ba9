"""Read from a pcapng file where it was recorded: the computer, the system, the program, the cards, comments.

Wireshark writes them into the options of the first blocks (draft-ietf-opsawg-pcapng, 4.1 and 4.2). A pcap
file has nothing of them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from sharklab import untrusted

_SECTION, _INTERFACE = 0x0A0D0D0A, 1
_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_COMMENT = 1
_FIXED = {_SECTION: 24, _INTERFACE: 16}
"""Bytes of a block before its options."""
_GUID = re.compile(r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
"""The name that Windows gives a network card when it is installed: no other computer has it."""
_MOST = 256
"""Blocks and characters that are read."""


@dataclass(frozen=True)
class CaptureOrigin:
    """The origin of a capture; a part is "" when the file does not tell it.

    `cards` are GUIDs of Windows, `comments` those on the whole capture and on its interfaces.
    """

    hardware: str = ""
    system: str = ""
    program: str = ""
    cards: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


def read_origin(content: bytes) -> CaptureOrigin:
    """Return the origin that the content of a pcapng file tells; a damaged file tells less."""
    said: dict[tuple[int, int], str] = {}
    cards: dict[str, None] = {}
    comments: dict[str, None] = {}
    for kind, code, text in _options(content):
        said.setdefault((kind, code), text)
        if (kind, code) == (_INTERFACE, 2):
            cards |= dict.fromkeys(guid.upper() for guid in _GUID.findall(text))
        if code == _COMMENT and text.strip():
            comments[untrusted.one_line(text)] = None
    hardware, system, program = (said.get((_SECTION, code), "") for code in (2, 3, 4))
    return CaptureOrigin(hardware, system, program, tuple(cards), tuple(comments))


def _options(content: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield block type, code and text of each option of the blocks before the first packet."""
    order = _ORDERS.get(content[8:12], "") if content[:4] == b"\x0a\x0d\x0d\x0a" else ""
    at = 0
    for _ in range(_MOST if order else 0):
        if at + 12 > len(content):
            return
        kind, length = struct.unpack_from(order + "II", content, at)
        if kind not in _FIXED or length < 12:
            return
        for code, text in _texts(content[at + _FIXED[kind] : at + length - 4], order):
            yield kind, code, text
        at += length


def _texts(options: bytes, order: str) -> Iterator[tuple[int, str]]:
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + "HH", options, at)
        if not code:
            return
        yield code, options[at + 4 : at + 4 + length].decode(errors="replace")[:_MOST]
        at += 4 + length + -length % 4
