"""Downloads from a real HTTP server: they resume, and nothing without its checksum is taken."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.image import download
from sharklab.message import Message
from tests.support.errors import error_of

CONTENT = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """A server of one file: `cut` bytes of it come before it breaks off, and it may not know ranges."""

    address: str = ""
    cut: int = len(CONTENT)
    knows_ranges: bool = True
    asked: list[str] = field(default_factory=list)
    checksums: str = ""


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server that runs."""
    own = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            own.asked.append(wanted)
            body = own.checksums.encode() if self.path.endswith("CHECKSUM") else CONTENT
            start = int(wanted[6:-1]) if wanted and own.knows_ranges else 0
            if start and start >= len(body):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            self.wfile.write(body[start : start + own.cut])

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        own.address = f"http://127.0.0.1:{http.server_port}/image.qcow2"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield own
        http.shutdown()


def silent(sentence: Message) -> None:
    """Take progress and say nothing."""


def test_fetch_says_how_far_it_is(server: Server, tmp_path: Path) -> None:
    """The file is whole, and the last that is said of its megabytes is all of them."""
    said: list[str] = []
    file = download.fetch(server.address, tmp_path / "image.qcow2", SHA256, lambda one: said.append(str(one)))
    assert CONTENT == file.read_bytes()
    assert ["image.qcow2: 5 of 5 MB", "checking image.qcow2"] == said[-2:]
    assert [file] == list(tmp_path.iterdir())


def test_fetch_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    """What came before the connection broke is not asked for again."""
    server.cut = 3_000_000
    error = error_of(MachineryError, download.fetch, server.address, tmp_path / "image", SHA256, silent)
    assert server.address == error.place
    server.cut = len(CONTENT)
    assert CONTENT == download.fetch(server.address, tmp_path / "image", SHA256, silent).read_bytes()
    assert ["", "bytes=3000000-"] == server.asked


def test_fetch_from_a_server_without_ranges(server: Server, tmp_path: Path) -> None:
    """It starts over, and nothing is in the file twice."""
    (tmp_path / "image.part").write_bytes(CONTENT[:1000])
    server.knows_ranges = False
    assert CONTENT == download.fetch(server.address, tmp_path / "image", SHA256, silent).read_bytes()


def test_fetch_of_what_is_whole_already(server: Server, tmp_path: Path) -> None:
    """A run that was killed before it checked the file is ended by the next one."""
    (tmp_path / "image.part").write_bytes(CONTENT)
    assert CONTENT == download.fetch(server.address, tmp_path / "image", SHA256, silent).read_bytes()


def test_fetch_of_another_file(server: Server, tmp_path: Path) -> None:
    """What has not its checksum is deleted, and is no image."""
    error = error_of(MachineryError, download.fetch, server.address, tmp_path / "image", "0" * 64, silent)
    assert (SHA256, "0" * 64) == (error.values["found"], error.values["expected"])
    assert [] == list(tmp_path.iterdir())


def test_fetch_once(server: Server, tmp_path: Path) -> None:
    """A file that is there is not fetched."""
    (tmp_path / "image").write_bytes(b"here")
    assert b"here" == download.fetch(server.address, tmp_path / "image", SHA256, silent).read_bytes()
    assert [] == server.asked


def test_fetch_without_a_server(tmp_path: Path) -> None:
    """No answer is one sentence with the address."""
    address = "http://127.0.0.1:1/image"
    error = error_of(MachineryError, download.fetch, address, tmp_path / "image", SHA256, silent)
    assert address == error.place


@pytest.mark.parametrize(
    "form", ["# x: 5 bytes\nSHA256 (image.qcow2) = {}\n", "{}  image.qcow2\n", "{} *image.qcow2\n"]
)
def test_checksum_in_both_forms(form: str, server: Server) -> None:
    """Rocky's files of checksums and those of sha256sum are read."""
    server.checksums = form.format(SHA256)
    address = f"{server.address}.CHECKSUM"
    assert SHA256 == download.checksum(address, "image.qcow2")


def test_checksum_of_another_name(server: Server) -> None:
    """A name that only ends like it is not it."""
    server.checksums = f"{SHA256}  other-image.qcow2\n"
    error = error_of(MachineryError, download.checksum, f"{server.address}.CHECKSUM", "image.qcow2")
    assert "image.qcow2" == error.values["name"]
