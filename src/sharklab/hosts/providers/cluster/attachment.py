"""A program in an instance whose input and output are carried by the engine: a WebSocket for each stream.

Source: the REST API of the engines, POST /1.0/instances/NAME/exec with `wait-for-websocket`. Each block is a
binary message; a text message is the end of a stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.errors import Unreachable
from sharklab.hosts.providers.cluster.transport import SECONDS, Transport, certificates, path
from sharklab.message import N_

if TYPE_CHECKING:
    import ssl

    from websockets.sync.client import ClientConnection

INPUT, OUTPUT, ERRORS, CONTROL = "0", "1", "2", "control"

TRIES = 3
"""Programs that are begun before it is an error that their streams cannot be opened."""


@dataclass(frozen=True)
class Attached:
    """A running program; `streams` are its WebSockets by the engine's names."""

    streams: Mapping[str, ClientConnection]

    def send(self, block: bytes) -> None:
        """Send a block to the input of the program. Raises EOFError when it has ended."""
        from websockets.exceptions import ConnectionClosed

        try:
            self.streams[INPUT].send(block)
        except ConnectionClosed:
            raise EOFError from None

    def end(self) -> None:
        """End the input of the program."""
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed):
            self.streams[INPUT].send("")

    def output(self) -> bytes:
        """Return the next block of the output, b"" at its end."""
        return self._receive(OUTPUT)

    def errors(self) -> bytes:
        """Return the next block of the errors, b"" at their end."""
        return self._receive(ERRORS)

    def _receive(self, name: str) -> bytes:
        from websockets.exceptions import ConnectionClosed

        try:
            block = self.streams[name].recv()
        except ConnectionClosed:
            return b""
        return block if isinstance(block, bytes) else b""


def attach(engine: Client, name: str, argv: Sequence[str]) -> Attached:
    """Start a program in an instance that runs, and return its streams.

    The program waits for them. If they were too late, which a busy computer brings about, it is begun again.
    Raises MachineryError (EngineRefusal when the instance does not run).
    """
    for _try in range(TRIES - 1):
        with suppress(Unreachable):
            return _begin(engine, name, argv)
    return _begin(engine, name, argv)


def _begin(engine: Client, name: str, argv: Sequence[str]) -> Attached:
    """Start a program and open its streams. Raises Unreachable when they were too late."""
    body = {"command": list(argv), "wait-for-websocket": True, "interactive": False, "cwd": "/"}
    begun = engine.transport.begin("POST", path("instances", name, "exec"), body, project=engine.project)
    operation, secrets = path("operations", begun["id"]), begun["metadata"]["fds"]
    places = {stream: f"{operation}/websocket?secret={secret}" for stream, secret in secrets.items()}
    return Attached(_open_all(engine.transport, places))


def _open_all(transport: Transport, places: Mapping[str, str]) -> Mapping[str, ClientConnection]:
    """Open all streams at the same time: the engine gives up when one is missing after five seconds.

    If one cannot be opened, the others are closed. Raises Unreachable.
    """
    endpoint = transport.endpoint
    context = None if endpoint.socket else certificates(endpoint)
    with ExitStack() as opened, ThreadPoolExecutor(len(places)) as pool:
        futures = {name: pool.submit(_open, transport, where, context) for name, where in places.items()}
        for future in futures.values():
            opened.callback(_close, future)
        streams = {name: future.result() for name, future in futures.items()}
        opened.pop_all()  # they stay open
    return streams


def _close(opening: Future[ClientConnection]) -> None:
    """Close a stream, if it could be opened."""
    if opening.exception() is None:
        opening.result().close()


def _open(transport: Transport, where: str, context: ssl.SSLContext | None) -> ClientConnection:
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect, unix_connect

    endpoint = transport.endpoint
    options = {"compression": None, "max_size": None, "ping_interval": None, "open_timeout": SECONDS}
    try:
        if endpoint.socket:
            way = unix_connect(str(endpoint.socket), f"ws://engine{where}", **options)  # type: ignore[arg-type]
        else:
            address = f"wss://{urlsplit(endpoint.address).netloc}{where}"
            way = connect(address, ssl=context, proxy=None, **options)  # type: ignore[arg-type]
        with ExitStack() as opened:
            stream = opened.enter_context(way)
            opened.pop_all()  # it stays open
        return stream
    except (OSError, WebSocketException) as error:
        raise Unreachable(
            N_("the connection to the engine broke: {reason}"),
            place=endpoint.place,
            reason=str(error) or type(error).__name__,
        ) from None
