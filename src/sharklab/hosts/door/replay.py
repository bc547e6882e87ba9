"""The past of a terminal: its last lines as bytes, and the modes in which they begin.

A terminal that is shown again gets the modes first, then the bytes. So a full-screen program that began
long ago still has its alternate screen, its keys and its mouse (xterm's "ctlseqs", DEC private modes).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

LINES = 10_000
"""Lines that are kept at least, while they fit into `LARGEST` bytes."""

LARGEST = 2 << 20
CHUNK = 16 << 10
"""Bytes that are dropped together, at least."""

CHANGE = re.compile(rb"\x1b(?:\[\?([\d;]{1,64})([hl])|(c)|(\[!p))")
"""A change of DEC private modes (DECSET, DECRST), or a reset of all (RIS, DECSTR)."""

DIGITS = 4
"""Digits of the number of a mode: a program may name any number of others, and no terminal has them."""

ALTERNATE = (47, 1047, 1049)
"""The modes of the alternate screen, on which full-screen programs draw."""


def follow_modes(modes: dict[int, bool], output: bytes) -> dict[int, bool]:
    """Return the modes after `output`, which begins in `modes`: True for a mode that is set."""
    after = dict(modes)
    for numbers, sign, *reset in CHANGE.findall(output):
        if any(reset):
            after.clear()
        for number in numbers.split(b";"):
            if 0 < len(number) <= DIGITS:
                after[int(number)] = sign == b"h"
    return after


def set_modes(modes: dict[int, bool]) -> bytes:
    """Return the control sequences that set `modes`."""
    return b"".join(b"\x1b[?%d%s" % (mode, b"h" if is_set else b"l") for mode, is_set in modes.items())


@dataclass(frozen=True)
class _Chunk:
    data: bytes
    lines: int


@dataclass
class Replay:
    """The last output of a terminal; `modes` are those at its first byte."""

    modes: dict[int, bool] = field(default_factory=dict)
    _chunks: deque[_Chunk] = field(default_factory=deque)
    _last: bytearray = field(default_factory=bytearray)
    _lines: int = 0
    _bytes: int = 0

    def add(self, output: bytes) -> None:
        """Take output, and drop the oldest when there is too much."""
        self._last += output
        self._lines += output.count(b"\n")
        self._bytes += len(output)
        if len(self._last) >= CHUNK:
            self._chunks.append(_Chunk(bytes(self._last), self._last.count(b"\n")))
            self._last.clear()
        while len(self._chunks) > 1 and self._is_spare(self._chunks[0]):
            self._drop()

    def _is_spare(self, oldest: _Chunk) -> bool:
        return self._lines - oldest.lines >= LINES or self._bytes > LARGEST

    def _drop(self) -> None:
        """Drop the oldest chunk up to a place where a line or a control sequence begins."""
        oldest, following = self._chunks.popleft(), self._chunks.popleft()
        cut = max(oldest.data.rfind(b"\n") + 1, oldest.data.rfind(b"\x1b"))
        if cut <= 0:
            cut = len(oldest.data)
        self.modes = follow_modes(self.modes, oldest.data[:cut])
        self._chunks.appendleft(_Chunk(oldest.data[cut:] + following.data, following.lines))
        self._lines -= oldest.lines
        self._bytes -= cut

    @property
    def size(self) -> int:
        """The bytes that are kept."""
        return self._bytes

    @property
    def has_full_screen(self) -> bool:
        """True while a program draws on the alternate screen."""
        now = self.modes
        for part in self._parts():
            now = follow_modes(now, part)
        return any(now.get(mode, False) for mode in ALTERNATE)

    def parts(self) -> Iterator[bytes]:
        """Yield the modes as control sequences, then the kept output: without a copy, but for its end."""
        if self.modes:
            yield set_modes(self.modes)
        yield from self._parts()

    def _parts(self) -> Iterator[bytes]:
        yield from (chunk.data for chunk in self._chunks)
        if self._last:
            yield bytes(self._last)
