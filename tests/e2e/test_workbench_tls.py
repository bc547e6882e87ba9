"""The workbench with TLS of its own and behind nginx with a path: pages, cookies, WebSockets, origins."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.support import workbench_served

LAB, STUDENT = "tcpdump", "tls-ada"
PATIENCE = 60.0
"""Seconds; a busy computer fails no test."""


@dataclass(frozen=True)
class Door:
    """A way to the workbench: its origin and path, the certificate that it shows, and a student's link."""

    url: str
    certificate: Path
    link: str

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


@pytest.fixture(params=["own", "proxy"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    """Serve a class whose student has no seat, by each of the two ways."""
    own = workbench_served.prepare(tmp_path, LAB, [STUDENT])
    if request.param == "proxy":
        with (
            workbench_served.behind_proxy(tmp_path, "/a/lab") as (url, port),
            workbench_served.running(own, "--port", str(port), "--url", url) as served,
        ):
            yield Door(url, tmp_path / "certificate.pem", served.student_link(STUDENT))
        return
    certificate, key = workbench_served.make_certificate(tmp_path)
    url, port = "", workbench_served.free_port()
    url = f"https://localhost:{port}"
    files = ("--certificate", str(certificate), "--key-file", str(key))
    with workbench_served.running(own, "--port", str(port), "--url", url, *files) as served:
        yield Door(url, certificate, served.student_link(STUDENT))


def test_pages_cookies_and_sockets(door: Door) -> None:
    """The link becomes a cookie for TLS and this path alone; a socket opens from the own origin only."""
    trusted = ssl.create_default_context(cafile=str(door.certificate))
    with httpx.Client(verify=trusted, headers={"origin": door.origin}, timeout=PATIENCE) as browser:
        assert door.link.startswith(f"{door.url}/enter/")
        assert 200 == browser.get(door.link).status_code
        token = door.link.rpartition("/")[2]
        entered = browser.post(f"{door.url}/enter", data={"token": token})
        path = urlsplit(door.url).path
        assert (303, f"{path}/") == (entered.status_code, entered.headers["location"])
        cookie = entered.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("secure", "httponly", "samesite=strict", f"path={path}/;"))
        page = browser.get(door.origin + entered.headers["location"], follow_redirects=True)
        at = f"{door.url}/seats/{LAB}/{STUDENT}"
        assert (200, f"{at}/") == (page.status_code, str(page.url))
        assert 200 == browser.get(f"{door.url}/static/htmx.js").status_code
        saved = {"exercise": "none", "question": "none", "value": "1"}
        assert 422 == browser.post(f"{at}/answers", data=saved).status_code
        assert (
            403
            == browser.post(f"{at}/answers", data=saved, headers={"origin": "https://a.example"}).status_code
        )
        kept = {"Cookie": entered.headers["set-cookie"].partition(";")[0]}
    socket = f"{at.replace('https', 'wss', 1)}/hosts/client/terminal"
    options: dict[str, Any] = {"ssl": trusted, "additional_headers": kept, "open_timeout": PATIENCE}
    with connect(socket, origin=Origin(door.origin), **options) as own:
        assert own.response and 101 == own.response.status_code
    with pytest.raises(InvalidStatus):
        connect(socket, origin=Origin("https://a.example"), **options)
