"""The recordings that browsers watch: one for each host of a seat, shared by all who look."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sharklab.cli.workbench.web.door_client import DoorClient
from sharklab.cli.workbench.web.live_capture import Live
from sharklab.errors import SharklabError

LOOK = 1.0
"""Seconds between two looks whether a recording still runs."""

PATIENCE = 20.0
"""Seconds for which rows are kept when the last viewer has gone: a page that is loaded again finds them."""

READS = 10.0
"""Seconds that a decoder may take until it reads; after them a recording is shown without it."""

MOST_LOOKS = 2
"""Looks into captures at the same time: each takes a processor."""

WatchedHost = tuple[str, str, str]


class Watched:
    """The recording of one host, as its viewers see it."""

    def __init__(self, door: DoorClient, place: WatchedHost) -> None:
        """`place` is lab, student, host."""
        self._door, self._place = door, place
        self.shown: Mapping[str, Any] = {"id": 0}
        self.is_starting = False
        self.live: Live | None = None
        self.viewers = 0
        self.changed = asyncio.Event()
        self.lock = asyncio.Lock()
        self._poll: asyncio.Task[None] | None = None
        self._language = ""

    @property
    def state(self) -> str:
        """Return "none", "starts", "runs", or why the recording has ended (`hosts.door.recordings`)."""
        if self.is_starting:
            return "starts"
        return str(self.shown.get("end") or "runs") if self.shown["id"] else "none"

    async def refresh(self, language: str) -> None:
        """Take the recording as the door has it now. Raises MachineryError."""
        async with self.lock:
            await self._take("recording", language)

    async def start(self, network: str, filter: str, language: str) -> None:
        """Begin a recording. Raises MachineryError, also for a filter that tcpdump does not take.

        Its decoder starts first. The recording runs for its viewers when both of them have begun: so a packet
        that comes then is a row at once.
        """
        async with self.lock:
            self._language, self.is_starting = language, True
            self._tell()
            try:
                with await self._decode("", next=True) as rows:
                    await self._take("record", language, rows, network=network, filter=filter)
                if self.live:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.live.wait_until_it_reads(), READS)
            finally:
                self.is_starting = False
                self._tell()

    async def stop(self, language: str) -> None:
        """End the recording; its rows stay. Raises MachineryError."""
        async with self.lock:
            await self._take("stop", language)

    async def show(self, display: str, language: str) -> None:
        """Show the packets that a filter of Wireshark takes. Raises MachineryError for one that is none."""
        async with self.lock:
            self._language = language
            if self.live:
                await self.live.show(display)
            self._tell()

    async def close(self) -> None:
        """Let go of the file and the decoder; the recording itself goes on."""
        if self._poll:
            self._poll.cancel()
        live, self.live = self.live, None  # who waits for its rows must not find it again
        if live:
            await live.close()

    async def _take(self, want: str, language: str, rows: socket.socket | None = None, **more: str) -> None:
        lab, student, host = self._place
        self._language = language
        answer, handles = await self._door.ask(want, student, lab=lab, host=host, lang=language, **more)
        is_new = answer["id"] != self.shown["id"]
        self.shown = answer
        if is_new and handles:
            await self.close()
            self.live = Live(handles.pop(), self._decode)
            await self.live.show("", rows and rows.dup())
        for handle in handles:
            os.close(handle)
        if self.live and answer.get("end"):
            self.live.end()
        elif self.live and (self._poll is None or self._poll.done()):
            self._poll = asyncio.create_task(self._look_again(language))
        self._tell()

    async def _decode(self, display: str, next: bool = False) -> socket.socket:
        lab, student, host = self._place
        more = {"lab": lab, "host": host, "display": display, "next": next, "lang": self._language}
        return await self._door.connect("decode", student, **more)

    async def _look_again(self, language: str) -> None:
        """Look until the recording has ended."""
        while not self.shown.get("end"):
            await asyncio.sleep(LOOK)
            with suppress(SharklabError):  # the door may be starting again
                async with self.lock:
                    await self._look(language)

    async def _look(self, language: str) -> None:
        lab, student, host = self._place
        answer, handles = await self._door.ask("recording", student, lab=lab, host=host, lang=language)
        for handle in handles:
            os.close(handle)
        if answer["id"] == self.shown["id"]:
            self.shown = answer
        else:
            self.shown = {**self.shown, "end": "failed"}
        if self.shown.get("end"):
            if self.live:
                self.live.end()
            self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class Watching:
    """All recordings that are watched."""

    def __init__(self, door: DoorClient) -> None:
        self._door = door
        self._watched: dict[WatchedHost, Watched] = {}
        self.looks = asyncio.Semaphore(MOST_LOOKS)

    def find(self, place: WatchedHost) -> Watched | None:
        """Return the recording of a host, None if nobody watches it."""
        return self._watched.get(place)

    def join(self, place: WatchedHost) -> Watched:
        """Return the recording of a host, for one more viewer."""
        found = self._watched.setdefault(place, Watched(self._door, place))
        found.viewers += 1
        return found

    def leave(self, place: WatchedHost) -> None:
        """Note that a viewer has gone; without viewers the rows go a little later."""
        self._watched[place].viewers -= 1
        if not self._watched[place].viewers:
            asyncio.get_running_loop().call_later(PATIENCE, self._drop, place)

    async def close(self) -> None:
        """Let go of all files and decoders; the recordings themselves go on."""
        for place in list(self._watched):
            await self._watched.pop(place).close()

    def _drop(self, place: WatchedHost) -> None:
        found = self._watched.get(place)
        if found and not found.viewers:
            del self._watched[place]
            task = asyncio.ensure_future(found.close())
            task.add_done_callback(lambda done: done.exception())
