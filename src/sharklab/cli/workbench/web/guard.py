"""Decide about each request before any page does: address, origin, reader, seat, size and number.

The guard is ASGI around all routes, HTTP and WebSocket alike, so no route can forget it. The path tells who
may ask: `/seats/<lab>/<student>/...` for those who may open the seat, `/class/...` for the
instructor, `/enter` and `/static/...` for everybody, all others for every known reader.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sharklab import i18n
from sharklab.cli.workbench.identity import Cookies, Reader
from sharklab.cli.workbench.site import Site
from sharklab.hosts.door.rate import Rate
from sharklab.limits import CAPTURE

SAFE = frozenset({"GET", "HEAD"})
WRITES = SAFE | {"POST"}
SEAT = re.compile(r"/seats/(?P<lab>[^/]+)/(?P<student>[^/]+)(?:/.*)?")
UPLOAD = re.compile(r"/seats/[^/]+/[^/]+/captures")
BODY = 64 << 10
"""Bytes of the body of a request, other than one with a capture."""

OVERHEAD = 64 << 10
"""Bytes of a form around a capture."""

BURST, PER_SECOND = 200, 20.0
"""Requests of one reader: at once, and each second in the long run. A page needs about 15."""

LANGUAGE = "sharklab-lang"
"""The name of the cookie with the language that a reader chose."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The content security policy. xterm.js writes rules of its own into the page, so styles may be inline."""

# With "no-referrer" a browser sends "Origin: null" with our own forms (the Fetch standard, 3.2).
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


class _TooLarge(Exception):
    """The body of a request is larger than its route takes."""


class Guard:
    """The guard around `app`, for readers of `site` whose cookies are signed by `cookies`."""

    def __init__(
        self,
        app: ASGIApp,
        site: Site,
        cookies: Cookies,
        refuse: Callable[[int, str], Response] | None = None,
        counts: Callable[[Reader], Awaitable[bool]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`refuse` writes the page for a status and a language.

        `counts` tells whether a cookie still counts; without it each does for its time. `clock` gives epoch
        seconds.
        """
        self._counts = counts
        self._app, self._site, self._cookies, self._clock = app, site, cookies, clock
        self._refuse = refuse or (lambda status, lang: PlainTextResponse(str(status), status))
        self._rate = Rate(BURST, PER_SECOND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or give it to the routes with the reader as `scope["reader"]`."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        reader = self._read(headers)
        if reader and self._counts and not await self._counts(reader):
            reader = None
        status = self._refusal(scope, headers, reader)
        if status:
            await self._say(status, headers, scope, receive, send)
            return
        scope["reader"] = reader
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await self._answer(scope, headers, receive, send)

    def _read(self, headers: dict[str, str]) -> Reader | None:
        found = _cookies(headers)
        reader = self._cookies.read(found.get(self._site.cookie, ""), self._clock())
        return reader.copy_in_language(language(headers)) if reader else None

    def _refusal(self, scope: Scope, headers: dict[str, str], reader: Reader | None) -> int:
        """Return the status of a refusal (RFC 9110, 15.5), 0 for a request that a route may answer."""
        method = scope.get("method", "")
        if headers.get("host") != self._site.host:
            return 421
        if method and method not in WRITES:
            return 405
        if method not in SAFE and headers.get("origin") != self._site.origin:
            return 403
        if headers.get("sec-fetch-site", "same-origin") == "cross-site" and method not in SAFE:
            return 403
        path = self._path(scope)
        if path is None:
            return 404
        if _read_length(headers) > _most(path):
            return 413
        return self._refusal_of_reader(path, reader, bool(method) and method not in SAFE)

    def _refusal_of_reader(self, path: str, reader: Reader | None, is_write: bool) -> int:
        if path == "/enter" or path.startswith(("/enter/", "/static/")):
            return 0
        if reader is None:
            return 401
        if not self._rate.allows(f"{reader.role} {reader.name}"):
            return 429
        if found := SEAT.fullmatch(path):
            if is_write and reader.is_instructor:  # the work of a student is the student's own
                return 403
            return 0 if reader.may_open(found["lab"], found["student"]) else 404
        if path == "/class" or path.startswith("/class/"):
            return 0 if reader.is_instructor else 404
        return 0

    def _path(self, scope: Scope) -> str | None:
        """Return the path below the prefix of the site, None for another path or one with tricks."""
        path = str(scope["path"])
        if not path.startswith(self._site.prefix + "/") or "//" in path or "\0" in path:
            return None
        own = path.removeprefix(self._site.prefix)
        return None if any(part in (".", "..") for part in own.split("/")) else own

    async def _say(
        self, status: int, headers: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope["type"] == "websocket":
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": 1008, "reason": str(status)})
            return
        await self._refuse(status, language(headers))(scope, receive, _with_headers(send))

    async def _answer(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        left, begun = _most(self._path(scope) or ""), False

        async def count() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _TooLarge
            return message

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, count, _with_headers(note))
        except _TooLarge:
            if not begun:
                await self._say(413, headers, scope, receive, send)


def language(headers: dict[str, str]) -> str:
    """Return the language of a reader: the one that they chose, else the first known one of their browser."""
    known = i18n.languages()
    chosen = _cookies(headers).get(LANGUAGE, "")
    wanted = [
        part.split(";")[0].strip()[:2].lower() for part in headers.get("accept-language", "").split(",")
    ]
    return next((code for code in (chosen, *wanted) if code in known), i18n.SOURCE)


def _most(path: str) -> int:
    return CAPTURE.bytes + OVERHEAD if UPLOAD.fullmatch(path) else BODY


def _read_length(headers: dict[str, str]) -> int:
    value = headers.get("content-length", "0")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else 0


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers by name; of a name that comes twice all values, so that none slips by."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}; {text}" if key in headers else text
    return headers


def _cookies(headers: dict[str, str]) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            if b"cache-control" not in names:
                given.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*given, *HEADERS]}
        await send(message)

    return send_with_headers
