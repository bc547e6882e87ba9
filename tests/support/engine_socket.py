"""A server of HTTP on a Unix socket, which gives the answers of an engine (LXD, Incus) that a test names."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def plain(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.body)


@dataclass
class ScriptedEngine:
    """The answers by `METHOD /path`, and every request that came, in order.

    An answer of bytes is sent as it is; a missing one is the engine's 404.
    """

    folder: Path
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        """The socket at which it answers."""
        return self.folder / "unix.socket"

    def gives(self, request: str, metadata: object) -> None:
        """Answer `request` at once."""
        self.answers[request] = {"type": "sync", "status_code": 200, "metadata": metadata}

    def refuses(self, request: str, code: int, said: str) -> None:
        """Answer `request` with an error of the engine."""
        self.answers[request] = {"type": "error", "error_code": code, "error": said, "metadata": None}

    def works(self, request: str, **operation: object) -> None:
        """Answer `request` with an operation that ends so: `status`, `status_code`, `err`, `metadata`."""
        place = f"/1.0/operations/{len(self.answers)}"
        self.answers[request] = {"type": "async", "operation": f"{place}?project=x", "metadata": {}}
        done = {"status": "Success", "status_code": 200, "err": "", "metadata": {}, **operation}
        self.gives(f"GET {place}/wait", done)

    def last(self, method: str) -> Asked:
        """Return the last request with that method."""
        return [one for one in self.asked if one.method == method][-1]


class Server(socketserver.ThreadingUnixStreamServer):
    """Lets as many wait as an engine does: with 5, a busy machine refuses a connection (unix(7), EAGAIN)."""

    request_queue_size = 1024


@contextmanager
def scripted_engine(folder: Path) -> Iterator[ScriptedEngine]:
    """Answer at `folder`/unix.socket until the block ends."""
    engine = ScriptedEngine(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.client_address = ("local", 0)
            super().handle_one_request()

        def answer(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            body = self.rfile.read(length) if length else self._chunks()
            headers = {name.lower(): value for name, value in self.headers.items()}
            engine.asked.append(Asked(self.command, unquote(parts.path), query, headers, body))
            self._send(engine.answers.get(f"{self.command} {unquote(parts.path)}"))

        def _chunks(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return b""
            content = b""
            while size := int(self.rfile.readline(), 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return content

        def _send(self, said: Any) -> None:
            if said is None:
                said = {"type": "error", "error_code": 404, "error": "not found", "metadata": None}
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            kind = "application/octet-stream" if isinstance(said, bytes) else "application/json"
            code = said.get("error_code", 200) if isinstance(said, dict) else 200
            self.send_response(code)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 (names of http.server)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with Server(str(engine.socket), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield engine
        finally:
            server.shutdown()
