"""Show kept terminals to browsers: the messages of `hosts.door.terminal` go through as they are.

The door decides who may see, type and set the size, so this module copies messages and reads none of them.
A student's consent is a note (`lab.help_note`) that the door reads: it ends visits when the student ends it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from sharklab import i18n
from sharklab.cli.workbench.identity import Reader
from sharklab.errors import SharklabError
from sharklab.hosts.door.terminal import MESSAGE

Ended = TypeVar("Ended")
PATIENCE = 20.0
"""Seconds after which a browser that takes nothing is no viewer any more: the program goes on without it."""

REFUSED, ENDED, LOST = 4403, 4000, 4001
"""Codes of closed WebSockets (RFC 6455, 7.4.2): not allowed, the program has ended, the door has ended."""


def is_owner(reader: Reader, student: str) -> bool:
    """Tell whether a reader is the student of a seat, whose terminals and packets are the student's own."""
    return reader.name == student and not reader.is_instructor


def routes() -> list[BaseRoute]:
    """Return the routes below a seat's path."""
    return [WebSocketRoute("/seats/{lab}/{student}/hosts/{host}/terminal", terminal)]


async def terminal(ws: WebSocket) -> None:
    """Show a terminal of a host: `?number=` names one of several."""
    path, reader = ws.path_params, ws.scope["reader"]
    await ws.accept()
    number = ws.query_params.get("number", "1")
    try:
        connection = await ws.app.state.door.connect(
            "terminal",
            path["student"],
            lab=path["lab"],
            host=path["host"],
            number=int(number) if number.isdecimal() else 0,
            name=reader.name,
            own=is_owner(reader, path["student"]),
            lang=reader.lang,
        )
    except SharklabError as error:
        await ws.send_text(error.say(i18n.translator(reader.lang).gettext))
        await ws.close(REFUSED)
        return
    with connection:
        connection.setblocking(False)
        code = await copy_both(ws, connection, lambda: ws.app.state.is_known(reader))
    with suppress(RuntimeError, WebSocketDisconnect):
        await ws.close(code)


async def copy_both(ws: WebSocket, connection: socket.socket, may_go_on: Callable[[], bool]) -> int:
    """Copy messages both ways until either end closes or the right ends; return the code for the browser."""
    try:
        return await first_of(_to_browser(ws, connection), _from_browser(ws, connection, may_go_on))
    except (OSError, RuntimeError, WebSocketDisconnect, TimeoutError):
        return LOST


async def first_of(*works: Coroutine[Any, Any, Ended]) -> Ended:
    """Return the result of the first of `works` that ends, or raise its error; the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            task.add_done_callback(_forget)
        await asyncio.wait(tasks)
    return done.pop().result()


def _forget(task: asyncio.Task[Any]) -> None:
    """Take the error of a task that nobody waits for."""
    if not task.cancelled():
        task.exception()


async def _receive(connection: socket.socket) -> bytes:
    """Return the next message, b"" at the end.

    When the other end closes before it has read all, the kernel tells that first and gives its last
    messages afterwards (unix(7)).
    """
    loop = asyncio.get_running_loop()
    with suppress(ConnectionResetError):
        return await loop.sock_recv(connection, MESSAGE)
    return await loop.sock_recv(connection, MESSAGE)


async def _to_browser(ws: WebSocket, connection: socket.socket) -> int:
    while message := await _receive(connection):
        async with asyncio.timeout(PATIENCE):
            await ws.send_bytes(message)
        if message[:1] == b"e":
            return ENDED
    return LOST


async def _from_browser(ws: WebSocket, connection: socket.socket, may_go_on: Callable[[], bool]) -> int:
    loop = asyncio.get_running_loop()
    while True:
        message = await ws.receive_bytes()
        if not may_go_on():
            return REFUSED
        if 0 < len(message) <= MESSAGE:
            with suppress(BrokenPipeError, ConnectionResetError):  # `_to_browser` reads the reason
                await loop.sock_sendall(connection, message)
