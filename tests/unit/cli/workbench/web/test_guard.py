"""The guard: each refusal, for HTTP and WebSocket, by host, origin, reader and route."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from sharklab.cli.workbench.identity import INSTRUCTOR, Cookies, Reader
from sharklab.cli.workbench.site import Site
from sharklab.cli.workbench.web import guard
from sharklab.cli.workbench.web.guard import Guard

SITE = Site("https://lab.example", "/bench")
COOKIES = Cookies(b"k" * 32)
ALICE = Reader("alice", seats=frozenset({("tp4", "alice")}))
BOB = Reader("bob", seats=frozenset({("tp4", "bob")}))
TEACHER = Reader("teacher", INSTRUCTOR)


async def answer(request: Request) -> Response:
    """Answer with the body's length and the name of the reader."""
    reader = request.scope["reader"]
    return PlainTextResponse(f"{len(await request.body())} {reader.name if reader else '-'}")


async def talk(socket: WebSocket) -> None:
    """Say the name of the reader."""
    await socket.accept()
    await socket.send_text(socket.scope["reader"].name)
    await socket.close()


@dataclass(frozen=True)
class Call:
    """A request; what is not named is right."""

    path: str = "/bench/seats/tp4/alice/check"
    reader: Reader | None = ALICE
    host: str = "lab.example"
    origin: str | None = "https://lab.example"
    site: str = "same-origin"
    key: bytes = b"k" * 32
    length: int = 0


@pytest.fixture
def client() -> TestClient:
    """Return a browser of an application that answers every path."""
    routes = [
        WebSocketRoute("/{rest:path}", talk),
        Route("/{rest:path}", answer, methods=["GET", "POST", "PUT"]),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Guard, site=SITE, cookies=COOKIES)])
    return TestClient(app, base_url="https://lab.example")


def headers(call: Call) -> dict[str, str]:
    """Return the headers of a request."""
    given = {"host": call.host, "sec-fetch-site": call.site}
    if call.origin is not None:
        given["origin"] = call.origin
    if call.reader:
        cookie = Cookies(call.key).write(call.reader, time.time())
        given["cookie"] = f"{SITE.cookie}={cookie}"
    return given


REFUSED = [
    (421, Call(host="evil.example")),
    (421, Call(host="lab.example:8470")),
    (421, Call(host="LAB.example.")),
    (403, Call(origin="https://evil.example")),
    (403, Call(origin="https://lab.example:444")),
    (403, Call(origin="http://lab.example")),
    (403, Call(origin="null")),
    (403, Call(origin=None)),
    (403, Call(site="cross-site")),
    (401, Call(reader=None)),
    (401, Call(key=b"x" * 32)),
    (404, Call(reader=BOB)),
    (404, Call(path="/bench/seats/tp4/alice", reader=BOB)),
    (404, Call(path="/bench/seats/other/alice/check")),
    (404, Call(path="/bench/seats/tp4/Alice/check")),
    (404, Call(path="/bench/class")),
    (404, Call(path="/bench/class/rows")),
    (404, Call(path="/seats/tp4/alice/check")),
    (404, Call(path="/bench/x/%2e%2e/seats/tp4/alice/check")),
    (404, Call(path="/bench//seats/tp4/bob/check")),
    (404, Call(path="/bench/seats/tp4/%2e%2e/bob/check")),
]


@pytest.mark.parametrize(("status", "call"), REFUSED)
def test_write_is_refused(client: TestClient, status: int, call: Call) -> None:
    """One thing that is wrong is enough."""
    found = client.post(f"https://lab.example{call.path}", headers=headers(call))
    assert status == found.status_code


@pytest.mark.parametrize(("status", "call"), REFUSED)
def test_websocket_is_refused(client: TestClient, status: int, call: Call) -> None:
    """The same holds for WebSockets, which send their origin and are not bound by it in a browser."""
    if call.site == "cross-site":
        call = replace(call, origin="https://evil.example")
    with (
        pytest.raises(WebSocketDisconnect) as caught,
        client.websocket_connect(f"wss://lab.example{call.path}", headers=headers(call)),
    ):
        pass
    assert (1008, str(status)) == (caught.value.code, caught.value.reason)


ALLOWED = [
    Call(),
    Call(path="/bench/class/rows", reader=TEACHER),
    Call(path="/bench/language"),
]


@pytest.mark.parametrize("call", ALLOWED)
def test_right_request_is_answered(client: TestClient, call: Call) -> None:
    """HTTP and WebSocket both know their reader."""
    assert call.reader
    name = call.reader.name
    found = client.post(f"https://lab.example{call.path}", headers=headers(call))
    assert (200, f"0 {name}") == (found.status_code, found.text)
    with client.websocket_connect(f"wss://lab.example{call.path}", headers=headers(call)) as socket:
        assert name == socket.receive_text()


def test_instructor_reads_the_work_of_a_student_and_writes_nothing(client: TestClient) -> None:
    """A student's answers are the student's own; a terminal decides for itself."""
    call = Call(reader=TEACHER)
    assert 200 == client.get(call.path, headers=headers(call)).status_code
    assert 403 == client.post(call.path, headers=headers(call)).status_code
    with client.websocket_connect(f"wss://lab.example{call.path}", headers=headers(call)) as socket:
        assert "teacher" == socket.receive_text()


@pytest.mark.parametrize("path", ["/bench/enter", "/bench/enter/token", "/bench/static/htmx.js"])
def test_stranger_reaches_the_door_step(client: TestClient, path: str) -> None:
    """A link and the files of pages need no cookie; a write needs our origin all the same."""
    assert 200 == client.get(path, headers={"host": "lab.example"}).status_code
    assert 403 == client.post(path, headers={"host": "lab.example"}).status_code


def test_reading_needs_no_origin(client: TestClient) -> None:
    """A browser sends none with a link or an address that was typed."""
    call = Call(origin=None, site="none")
    assert 200 == client.get(call.path, headers=headers(call)).status_code


def test_old_cookie_is_no_cookie(client: TestClient) -> None:
    """A cookie counts for its time."""
    old = COOKIES.write(ALICE, time.time() - 31 * 86400)
    given = {**headers(Call(reader=None)), "cookie": f"{SITE.cookie}={old}"}
    assert 401 == client.get(Call().path, headers=given).status_code


def test_other_methods_are_refused(client: TestClient) -> None:
    """Pages read and write; nothing else exists."""
    assert 405 == client.put(Call().path, headers=headers(Call())).status_code


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(("path", "most"), [("check", guard.BODY), ("captures", 64 << 20)])
def test_body_has_a_limit(client: TestClient, path: str, most: int, declared: bool) -> None:
    """A larger body is refused by its length, and one without a length while it is read."""
    size = most + (1 << 17)
    content = bytes(size) if declared else iter([bytes(1 << 16)] * (size >> 16))
    given = client.post(f"/bench/seats/tp4/alice/{path}", headers=headers(Call()), content=content)
    assert 413 == given.status_code


def test_reader_has_a_rate(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks too often waits; other readers do not."""
    monkeypatch.setattr(guard, "BURST", 3)
    monkeypatch.setattr(guard, "PER_SECOND", 0.0)
    ask = [client.get(Call().path, headers=headers(Call())).status_code for _ in range(4)]
    other = client.get("/bench/seats/tp4/bob/", headers=headers(Call(reader=BOB))).status_code
    assert ([200, 200, 200, 429], 200) == (ask, other)


@pytest.mark.parametrize("call", [Call(), Call(reader=None), Call(host="evil.example")])
def test_every_answer_has_a_policy(client: TestClient, call: Call) -> None:
    """Refusals too: no foreign script, no frame, no guessing of types, nothing kept by proxies."""
    found = client.post(f"https://lab.example{call.path}", headers=headers(call)).headers
    assert "default-src 'none'; script-src 'self';" in found["content-security-policy"]
    assert "unsafe-eval" not in found["content-security-policy"]
    assert ("nosniff", "no-store") == (found["x-content-type-options"], found["cache-control"])


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ({"accept-language": "de, fr-CA;q=0.8"}, "fr"),
        ({"accept-language": "de"}, "en"),
        ({}, "en"),
        ({"accept-language": "fr", "cookie": "sharklab-lang=en"}, "en"),
        ({"accept-language": "fr", "cookie": "sharklab-lang=tlh"}, "fr"),
    ],
)
def test_language_is_the_chosen_one_else_the_browsers(said: dict[str, str], language: str) -> None:
    """A language that is not there counts for nothing."""
    assert language == guard.language(said)
