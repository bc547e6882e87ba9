"""The rows of a recording, kept for all who look at a host: a bounded number, so a flood costs no memory.

The door decodes; all packets are in the file of the door, whose descriptor is here too.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import islice

from sharklab.evidence.packets import live_rows

MOST_ROWS = 8000
"""Rows that a viewer who comes late gets; the browser of an earlier one has more."""

LONGEST_LINE = 1 << 20
PIECE, PAUSE = 16 << 10, 0.01
"""Bytes of rows that are read together, about 130 rows, and the seconds until the next ones: so a flood of
packets leaves time for the other readers."""

Decode = Callable[[str], Awaitable[socket.socket]]
"""Returns a stream of rows, as tshark prints them, of the packets that a filter of Wireshark takes."""


class Live:
    """The rows of one recording, whose file is the descriptor `file`; `close` ends it."""

    def __init__(self, file: int, decode: Decode) -> None:
        """Take over the descriptor."""
        self.file, self._decode = file, decode
        self.display, self.has_failed = "", False
        self.reads = False
        """True once the decoder reads packets."""
        self.generation = 0
        """Counts how often the rows began anew: after another display filter."""
        self._rows: deque[str] = deque(maxlen=MOST_ROWS)
        self._count = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._is_over = False

    async def show(self, display: str = "", rows: socket.socket | None = None) -> None:
        """Decode from the beginning, the packets that `display` takes (wireshark-filter(4)).

        `rows` is the stream of a decoder that runs already. Raises MachineryError when the door refuses, for
        example a filter that is none; the rows stay then.
        """
        rows = rows or await self._decode(display)
        await self._stop()
        self.display, self.has_failed, self.reads = display, False, False
        self.generation += 1
        self._rows.clear()
        self._count = 0
        reader, self._writer = await asyncio.open_connection(sock=rows, limit=PIECE)
        self._task = asyncio.create_task(self._read(reader))
        self._tell()

    async def close(self) -> None:
        """End the decoding, let the file go, and tell all who wait for rows."""
        await self._stop()
        self.generation += 1
        self._tell()
        if self.file >= 0:
            os.close(self.file)
            self.file = -1

    def end(self) -> None:
        """Note that the recording is over: the decoding ends when it has read all of it."""
        self._is_over = True

    def since(self, seen: int, most: int) -> tuple[int, Sequence[str]]:
        """Return the number of the first row after `seen` that is still kept, and rows from there as JSON."""
        begin = self._count - len(self._rows)
        first = max(seen, begin)
        return first, list(islice(self._rows, first - begin, first - begin + most))

    async def wait(self, generation: int, seen: int) -> None:
        """Return when there are more rows than `seen`, or other ones, or when decoding has failed."""
        while generation == self.generation and seen >= self._count and not self.has_failed:
            await self._changed.wait()

    async def wait_until_it_reads(self) -> None:
        """Return when the decoder reads packets, or has ended."""
        while not self.reads and self._task and not self._task.done():
            await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._writer:
            self._writer.close()
        self._task = self._writer = None

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Take the rows that the decoder prints, and note when it ends before the recording."""
        rest = b""
        with suppress(OSError):
            while len(rest) <= LONGEST_LINE and (piece := await reader.read(PIECE)):
                if not self.reads:
                    self.reads = True
                    self._tell()
                *lines, rest = (rest + piece).split(b"\n")
                self._add(lines)
                await asyncio.sleep(PAUSE if len(piece) == PIECE else 0)
        self.has_failed = not self._is_over
        self._tell()

    def _add(self, lines: Sequence[bytes]) -> None:
        rows = [json.dumps(row, ensure_ascii=False) for line in lines if (row := live_rows.row(line))]
        if rows:
            self._rows.extend(rows)
            self._count += len(rows)
            self._tell()
