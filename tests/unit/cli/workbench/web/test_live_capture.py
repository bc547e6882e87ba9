"""The rows of a recording that are kept: how many, from where, and until when."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from sharklab.cli.workbench.web import live_capture
from sharklab.cli.workbench.web.live_capture import Live
from sharklab.errors import MachineryError

LIMIT = 60
"""Seconds after which a test fails that waits for something."""


def line(number: int) -> bytes:
    """Return a row as tshark prints it."""
    cells = [str(number), "0.1", "a", "TCP", "b", "60", "3", "", "0x2", "", "", "", "info é"]
    return "\t".join(cells).encode() + b"\n"


class Decoder:
    """Stands in for the door: each decoding is a socket into which the test writes rows."""

    def __init__(self) -> None:
        self.displays: list[str] = []
        self.streams: list[socket.socket] = []

    async def __call__(self, display: str) -> socket.socket:
        """Begin a decoding. Raises MachineryError for the filter "wrong"."""
        if display == "wrong":
            raise MachineryError("no filter")
        self.displays.append(display)
        ours, theirs = socket.socketpair()
        self.streams.append(ours)
        return theirs

    def print(self, *numbers: int) -> None:
        """Print rows."""
        self.streams[-1].sendall(b"".join(map(line, numbers)))


def run(test: Callable[[Live, Decoder], Awaitable[None]]) -> None:
    """Run a test of a recording, whose decoding has begun, in an event loop."""

    async def main() -> None:
        decoder = Decoder()
        live = Live(os.open(os.devnull, os.O_RDONLY), decoder)
        try:
            await live.show()
            await asyncio.wait_for(test(live, decoder), LIMIT)
        finally:
            await live.close()
            for stream in decoder.streams:
                stream.close()

    asyncio.run(main())


async def until(live: Live, count: int) -> None:
    """Return when there are so many rows, those included that are not kept any more."""
    await live.wait(live.generation, count - 1)


def numbers(rows: Sequence[str]) -> list[int]:
    """Return the numbers of packets."""
    return [json.loads(row)[0] for row in rows]


def test_rows_are_lists_in_the_order_of_the_packets() -> None:
    """Lines that are no row are left out."""

    async def test(live: Live, decoder: Decoder) -> None:
        decoder.print(1)
        decoder.streams[0].sendall(b"Running as user root\n")
        decoder.print(2, 3)
        await until(live, 3)
        first, rows = live.since(0, 10)
        assert (0, [1, 2, 3]) == (first, numbers(rows)) and "é" in rows[0]
        assert [1, "0.1", "a", "b", "TCP", 60, "info é", "open", "tcp 3"] == json.loads(rows[0])

    run(test)


@pytest.mark.parametrize(
    ("seen", "most", "first", "found"),
    [(0, 10, 0, [1, 2, 3]), (1, 1, 1, [2]), (0, 2, 0, [1, 2]), (3, 10, 3, []), (2, 0, 2, [])],
)
def test_viewer_gets_the_rows_that_are_new(seen: int, most: int, first: int, found: list[int]) -> None:
    """At most so many as it asks for."""

    async def test(live: Live, decoder: Decoder) -> None:
        decoder.print(1, 2, 3)
        await until(live, 3)
        at, rows = live.since(seen, most)
        assert (first, found) == (at, numbers(rows))

    run(test)


def test_flood_costs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A viewer who is late gets the last rows, with their true places."""
    monkeypatch.setattr(live_capture, "MOST_ROWS", 3)

    async def test(live: Live, decoder: Decoder) -> None:
        decoder.print(*range(1, 11))
        await until(live, 10)
        assert [(7, [8, 9, 10]), (8, [9])] == [
            (first, numbers(rows)) for first, rows in (live.since(0, 10), live.since(8, 1))
        ]

    run(test)


def test_another_filter_begins_anew() -> None:
    """Who waits hears of it; rows of the decoding before do not come any more, and its stream is closed."""

    async def test(live: Live, decoder: Decoder) -> None:
        decoder.print(1, 2)
        await until(live, 2)
        generation = live.generation
        waiting = asyncio.create_task(live.wait(generation, 2))
        await asyncio.sleep(0)
        await live.show("icmp")
        await waiting
        assert (generation + 1, "icmp", (0, [])) == (live.generation, live.display, live.since(0, 10))
        assert b"" == await asyncio.to_thread(decoder.streams[0].recv, 1)
        decoder.print(2)
        await until(live, 1)
        assert [2] == numbers(live.since(0, 10)[1]) and ["", "icmp"] == decoder.displays

    run(test)


def test_filter_that_is_refused_changes_nothing() -> None:
    """The rows stay, and more come."""

    async def test(live: Live, decoder: Decoder) -> None:
        decoder.print(1)
        await until(live, 1)
        with pytest.raises(MachineryError):
            await live.show("wrong")
        decoder.print(2)
        await until(live, 2)
        assert ("", [1, 2]) == (live.display, numbers(live.since(0, 10)[1]))

    run(test)


@pytest.mark.parametrize("last", [b"", b"x" * (live_capture.LONGEST_LINE + 1)])
def test_decoder_that_ends_before_the_recording_has_failed(last: bytes) -> None:
    """So has one that prints a line without an end; the rows before stay, and another try may do better."""

    async def test(live: Live, decoder: Decoder) -> None:
        decoder.print(1)
        if last:
            await asyncio.to_thread(decoder.streams[0].sendall, last)
        else:
            decoder.streams[0].close()
        await until(live, 2)
        assert (True, [1]) == (live.has_failed, numbers(live.since(0, 10)[1]))
        await live.show()
        assert not live.has_failed

    run(test)


def test_decoder_says_when_it_reads() -> None:
    """By an empty line, which is no row; after another filter a new decoder has to say so again."""

    async def test(live: Live, decoder: Decoder) -> None:
        waiting = asyncio.create_task(live.wait_until_it_reads())
        await asyncio.sleep(0)
        assert not waiting.done() and not live.reads
        decoder.streams[-1].sendall(b"\n")
        await waiting
        assert live.reads and (0, []) == live.since(0, 10)
        await live.show("icmp")
        assert not live.reads

    run(test)


@pytest.mark.parametrize("is_over", [False, True])
def test_decoder_that_has_ended_is_not_waited_for(is_over: bool) -> None:
    """Whether it has failed or the recording has ended."""

    async def test(live: Live, decoder: Decoder) -> None:
        if is_over:
            live.end()
        waiting = asyncio.create_task(live.wait_until_it_reads())
        await asyncio.sleep(0)
        decoder.streams[-1].close()
        await waiting
        assert (False, not is_over) == (live.reads, live.has_failed)

    run(test)


def test_end_of_the_recording_is_no_failure() -> None:
    """The rows that the decoder still has come before."""

    async def test(live: Live, decoder: Decoder) -> None:
        live.end()
        decoder.print(1)
        decoder.streams[0].close()
        task: Any = live._task
        await task
        assert (False, [1]) == (live.has_failed, numbers(live.since(0, 10)[1]))

    run(test)


def test_close_lets_all_go() -> None:
    """The file, the decoder, and who waits for rows; a second time does no harm."""

    async def test(live: Live, decoder: Decoder) -> None:
        file = live.file
        waiting = asyncio.create_task(live.wait(live.generation, 0))
        await asyncio.sleep(0)
        await live.close()
        await waiting
        assert b"" == await asyncio.to_thread(decoder.streams[0].recv, 1)
        await live.close()
        with pytest.raises(OSError):
            os.fstat(file)

    run(test)
