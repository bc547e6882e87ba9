"""A program whose streams an engine carries: a WebSocket for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, unix_serve

from sharklab.hosts.providers.cluster import attachment
from sharklab.hosts.providers.cluster.attachment import ERRORS, INPUT, OUTPUT
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.endpoint import EngineEndpoint
from sharklab.hosts.providers.cluster.errors import Unreachable
from sharklab.hosts.providers.cluster.transport import Transport
from tests.support.errors import error_of

SECRETS = {INPUT: "in", OUTPUT: "out", ERRORS: "err", "control": "ctl"}
SECONDS = 20.0
"""A limit that only a fault reaches."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Return the requests that began a program; each gets the secrets of its streams."""
    found: list[tuple[Any, ...]] = []

    def begin(own: Transport, *words: object, **query: str) -> Mapping[str, Any]:
        found.append((*words, query))
        return {"id": "0/1", "metadata": {"fds": SECRETS}}

    monkeypatch.setattr(Transport, "begin", begin)
    return found


@contextmanager
def _engine(
    serve: Callable[[str, ServerConnection], None],
    refused: str = "",
    once: list[str] | None = None,
    wait: threading.Barrier | None = None,
) -> Iterator[Client]:
    """Serve each stream, by its secret, at the socket of an engine; yield a client of it.

    Refuse the stream `refused`, and each of `once` the first time. All of them `wait` for each other.
    """

    def check(connection: ServerConnection, request: Request) -> Response | None:
        assert "/1.0/operations/0%2F1/websocket" == urlsplit(request.path).path
        if wait:
            wait.wait(SECONDS)
        secret = _secret(request)
        if once and secret in once:
            once.remove(secret)
            return connection.respond(404, "")
        return connection.respond(403, "") if refused == secret else None

    def handler(connection: ServerConnection) -> None:
        assert connection.request
        serve(_secret(connection.request), connection)

    with TemporaryDirectory() as folder:
        place = Path(folder) / "unix.socket"
        with unix_serve(handler, str(place), process_request=check) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield Client(Transport(EngineEndpoint(str(place), "http://engine", socket=place)), "sharklab-tp")


def _secret(request: Request) -> str:
    return parse_qs(urlsplit(request.path).query)["secret"][0]


def test_blocks_go_through_the_streams(asked: list[tuple[Any, ...]]) -> None:
    """Those of the input, until it ends by a text; and those of both outputs, which end likewise."""
    came: list[str | bytes] = []
    ended = threading.Event()

    def serve(secret: str, connection: ServerConnection) -> None:
        if secret == SECRETS[INPUT]:
            while (block := connection.recv()) != "":
                came.append(block)
            ended.set()
        elif secret in (SECRETS[OUTPUT], SECRETS[ERRORS]):
            connection.send(secret.encode())
            connection.send("")

    with _engine(serve) as engine:
        program = attachment.attach(engine, "a", ["cat"])
        program.send(b"\x00one")
        program.send(b"two")
        program.end()
        assert ended.wait(SECONDS)
        assert ([b"\x00one", b"two"], [b"out", b""]) == (came, [program.output(), program.output()])
        assert [b"err", b""] == [program.errors(), program.errors()]
    ((method, where, body, query),) = asked
    assert ("POST", "/1.0/instances/a/exec", {"project": "sharklab-tp"}) == (method, where, query)
    assert (["cat"], True, False) == tuple(
        body[one] for one in ("command", "wait-for-websocket", "interactive")
    )


def test_program_that_has_ended_takes_nothing_more(asked: list[tuple[Any, ...]]) -> None:
    """The engine closes the streams; the end of the input is no error then."""
    with _engine(lambda secret, connection: connection.close()) as engine:
        program = attachment.attach(engine, "a", ["true"])
        assert b"" == program.output() == program.errors() == program._receive(INPUT)
        with pytest.raises(EOFError):
            program.send(b"more")
        program.end()


def test_streams_are_closed_if_one_cannot_be_opened(asked: list[tuple[Any, ...]]) -> None:
    """The program does not begin without all of them."""
    closed: list[str] = []
    ended = threading.Semaphore(0)

    def serve(secret: str, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            connection.recv()
        closed.append(secret)
        ended.release()

    with _engine(serve, refused=SECRETS[ERRORS]) as engine:
        error = error_of(Unreachable, attachment.attach, engine, "a", ["true"])
        assert engine.transport.endpoint.place == error.place
        assert all(ended.acquire(timeout=SECONDS) for _ in range(3 * attachment.TRIES))
    assert {SECRETS[INPUT], SECRETS[OUTPUT], SECRETS[attachment.CONTROL]} == set(closed)


def test_a_program_is_begun_again_when_its_streams_were_late(asked: list[tuple[Any, ...]]) -> None:
    """The engine gives them five seconds, all together, and a busy computer may need longer."""
    refused = [SECRETS[ERRORS]]
    with _engine(lambda secret, connection: connection.send(""), once=refused) as engine:
        assert b"" == attachment.attach(engine, "a", ["true"]).output()
    assert ([], 2) == (refused, len(asked))


def test_streams_are_opened_side_by_side(asked: list[tuple[Any, ...]]) -> None:
    """Each of them answers when all of them have asked."""
    all_there = threading.Barrier(len(SECRETS))
    with _engine(lambda secret, connection: connection.send(""), wait=all_there) as engine:
        assert b"" == attachment.attach(engine, "a", ["true"]).output()


def test_engine_that_is_gone_is_unreachable(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    """It died after it had begun the program."""
    place = tmp_path / "none"
    engine = Client(Transport(EngineEndpoint("class", "http://engine", socket=place)))
    assert "class" == error_of(Unreachable, attachment.attach, engine, "a", ["true"]).place
