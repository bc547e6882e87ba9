"""Tell pages that something has changed: each then asks for the part of it that it shows.

The web process asks the desk for the next change as long as a page listens. A page hears a word, never the
content, so this connection says nothing that a route would not say.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from sharklab.cli.workbench.client import DeskRefusal, Seats
from sharklab.cli.workbench.web.terminals import REFUSED, first_of

EVERYBODY = "*"
"""The student of a request for the next change: the door counts its requests apart."""

PAUSE = 1.0
"""Seconds between two words to one page, and between two questions to the desk."""

LOOK = 5.0
"""Seconds between two looks whether the reader of a page still counts."""


@dataclass(frozen=True, eq=False)
class _Listener:
    student: str
    loop: asyncio.AbstractEventLoop
    heard: asyncio.Event


class News:
    """The changes of the class of `lab`, for the pages that listen."""

    def __init__(self, seats: Seats, lab: str) -> None:
        self._seats, self._lab = seats, lab
        self._listeners: set[_Listener] = set()
        self._lock = threading.Lock()
        self._is_asking = False

    @contextmanager
    def listen_for(self, student: str) -> Iterator[asyncio.Event]:
        """Set the event of the block after each change of a student, "" for anybody."""
        own = _Listener(student, asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._listeners.add(own)
            if not self._is_asking:
                self._is_asking = True
                threading.Thread(target=self._ask, daemon=True).start()
        try:
            yield own.heard
        finally:
            with self._lock:
                self._listeners.discard(own)

    def _ask(self) -> None:
        """Ask for changes until nobody listens."""
        since = -1
        while True:
            with self._lock:
                if not self._listeners:
                    self._is_asking = False
                    return
            with suppress(DeskRefusal):
                found = self._seats.ask("changes", self._lab, EVERYBODY, since=str(since))
                since = int(found["now"])
                self._tell(set(found["students"]))
            time.sleep(PAUSE)

    def _tell(self, students: set[str]) -> None:
        with self._lock:
            wanted = [each for each in self._listeners if students and each.student in {"", *students}]
        for each in wanted:
            with suppress(RuntimeError):  # its loop has ended
                each.loop.call_soon_threadsafe(each.heard.set)


async def news(ws: WebSocket) -> None:
    """Send a word after each change, until the browser goes or its reader does not count any more."""
    await ws.accept()
    own: News = ws.app.state.news
    student = ws.path_params.get("student", "")
    with own.listen_for(student) as heard, suppress(RuntimeError, WebSocketDisconnect):
        await first_of(_say(ws, heard), _listen(ws))
        await ws.close(REFUSED)


async def _say(ws: WebSocket, heard: asyncio.Event) -> None:
    while ws.app.state.is_known(ws.scope["reader"]):
        with suppress(TimeoutError):
            await asyncio.wait_for(heard.wait(), LOOK)
            heard.clear()
            await ws.send_text("changed")
            await asyncio.sleep(PAUSE)


async def _listen(ws: WebSocket) -> None:
    """Wait for the end of the connection; a page has nothing to say."""
    while True:
        await ws.receive_text()


def routes() -> list[BaseRoute]:
    """Return the routes of the news of a class."""
    return [WebSocketRoute("/class/news", news), WebSocketRoute("/seats/{lab}/{student}/news", news)]
