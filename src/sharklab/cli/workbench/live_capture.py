"""A recording of a host as its viewers see it: the file that tcpdump writes, read on, decoded, kept as rows.

One `Live` serves all viewers of a host. It holds a bounded number of rows, so a flood costs no memory; the
recording itself, with all packets, is the file of the door.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple

from sharklab.evidence.packets import live_rows
from sharklab.evidence.packets.live_rows import Splitter

MOST_ROWS = 8000
"""Rows that a viewer who comes late gets; the browser of an earlier one has more."""

PIECE = 256 << 10
BUSY, IDLE = 0.02, 0.1
"""Seconds between two looks whether the file has grown: while packets come, and else."""

CALM = 100
"""Looks without a packet after which the file counts as idle."""

LONGEST_LINE = 1 << 20


class Live:
    """The rows of one recording, whose file is the descriptor `file`; `close` ends it."""

    def __init__(self, file: int) -> None:
        """Take over the descriptor."""
        self._file = file
        self.splitter, self.display, self.problem = Splitter(), "", ""
        """`problem` is "packets" when the file is no capture, "tshark" when tshark has failed, else ""."""
        self.generation = 0
        """Counts how often the rows began anew: after another display filter."""
        self._rows: deque[str] = deque(maxlen=MOST_ROWS)
        self._count = 0
        self._changed = asyncio.Event()
        self._ended = False
        self._tasks: list[asyncio.Task[None]] = []
        self._decoder: asyncio.subprocess.Process | None = None

    async def show(self, display: str = "") -> None:
        """Decode from the beginning, the packets that `display` takes (wireshark-filter(4)).

        `evidence.packets.selection` has checked the filter. Raises MachineryError when tshark is missing.
        """
        await self._stop()
        self.splitter, self.display, self.problem = Splitter(), display, ""
        self.generation += 1
        self._rows.clear()
        self._count = 0
        self._decoder = await asyncio.create_subprocess_exec(
            *live_rows.command(display),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(live_rows.environment()),
            limit=LONGEST_LINE,
        )
        self._tasks = [asyncio.create_task(work(self._decoder)) for work in (self._feed, self._read)]
        self._tell()

    async def close(self) -> None:
        """End the decoder, and let the file go."""
        await self._stop()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def end(self) -> None:
        """Note that the file grows no more: the decoder may end when it has read all of it."""
        self._ended = True

    @property
    def packets(self) -> int:
        """The packets of the recording so far."""
        return len(self.splitter.starts)

    @property
    def last(self) -> int:
        """The number of rows so far; row numbers of `since` count from 0."""
        return self._count

    def since(self, seen: int, most: int) -> tuple[int, Sequence[str]]:
        """Return the number of the first row after `seen` that is still kept, and rows from there as JSON."""
        first = max(seen, self._count - len(self._rows))
        begin = first - (self._count - len(self._rows))
        return first, [self._rows[index] for index in range(begin, min(len(self._rows), begin + most))]

    async def wait(self, generation: int, seen: int) -> None:
        """Return when there are more rows than `seen`, or other ones, or a problem to tell."""
        while generation == self.generation and seen >= self._count and not self.problem:
            await self._changed.wait()

    def read(self, first: int, last: int) -> bytes:
        """Return a capture of the packets from `first` to `last`, which count from 1."""
        starts = self.splitter.starts
        begin = starts[first - 1]
        end = starts[last] if last < len(starts) else self.splitter.end
        return os.pread(self._file, Splitter.HEADER, 0) + os.pread(self._file, end - begin, begin)

    def descriptor(self) -> int:
        """Return the descriptor of the file, for `os.pread`."""
        return self._file

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._decoder and self._decoder.returncode is None:
            with suppress(ProcessLookupError):
                self._decoder.kill()
            await self._decoder.wait()

    async def _feed(self, decoder: asyncio.subprocess.Process) -> None:
        """Give the decoder what the file gets."""
        pipe = decoder.stdin
        if pipe is None:
            return
        at, calm = 0, 0
        try:
            while True:
                piece = os.pread(self._file, PIECE, at)
                at += len(piece)
                calm = 0 if piece else calm + 1
                if piece:
                    pipe.write(self.splitter.add(piece))
                    await pipe.drain()
                elif self._ended:
                    break
                else:
                    await asyncio.sleep(BUSY if calm < CALM else IDLE)
            pipe.close()
        except (BrokenPipeError, ConnectionResetError):
            return  # the decoder has ended; `_read` says why
        except ValueError:
            self._fail("packets")

    async def _read(self, decoder: asyncio.subprocess.Process) -> None:
        """Take the rows that the decoder prints, and note when it ends badly."""
        if decoder.stdout is None:
            return
        async for line in decoder.stdout:
            row = live_rows.row(line)
            if row:
                self._rows.append(json.dumps(astuple(row), ensure_ascii=False))
                self._count += 1
                self._tell()
        if await decoder.wait():
            self._fail("tshark")

    def _fail(self, problem: str) -> None:
        self.problem = problem
        self._tell()

