"""Take the options of a TCP header apart, in the order in which they stand (RFC 9293, section 3.2)."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.evidence.packets.model import Option

END, NOP, MSS, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS = 0, 1, 2, 3, 4, 5, 8
"""Kinds of options (RFC 9293, 7323, 2018; IANA, TCP Option Kind Numbers)."""

LARGEST_SHIFT = 14
"""More than this a window scale does not count (RFC 7323, section 2.3)."""

_WIDTHS = {MSS: 2, WINDOW_SCALE: 1, SACK: 4, TIMESTAMPS: 4}
"""How many bytes each number of an option takes; the numbers of other kinds are not read."""


def options(raw: str) -> tuple[Option, ...]:
    """Return the options of a header; `raw` is their bytes in hexadecimal, with or without colons.

    The bytes after an impossible length are left out. Raises ValueError for text that is not hexadecimal.
    """
    return tuple(_options(bytes.fromhex(raw.replace(":", ""))))


def _options(raw: bytes) -> Iterator[Option]:
    at = 0
    while at < len(raw):
        kind = raw[at]
        length = 1 if kind in (END, NOP) else int.from_bytes(raw[at + 1 : at + 2], "big")
        if at + length > len(raw) or (length < 2 and kind not in (END, NOP)):
            return
        yield Option(kind, _numbers(kind, raw[at + 2 : at + length]))
        if kind == END:
            return
        at += length


def _numbers(kind: int, value: bytes) -> tuple[int, ...]:
    width = _WIDTHS.get(kind, len(value) + 1)
    starts = range(0, len(value) - width + 1, width)
    return tuple(int.from_bytes(value[start : start + width], "big") for start in starts)
