"""A workbench without a network: its pages are asked directly, and its desk is in this process."""

from __future__ import annotations

import time
from pathlib import Path

from starlette.testclient import TestClient

from sharklab.cli import flow
from sharklab.cli.workbench import app, client, desk, packet_desk, static_files
from sharklab.cli.workbench.identity import Cookies, Links, Reader
from sharklab.cli.workbench.site import Site

SITE = Site("http://127.0.0.1:8470")
KEY = b"k" * 32


class Bench:
    """The workbench for the seat of a student; the page is at `at`."""

    def __init__(self, lab: str, student: str, folder: Path, site: Site = SITE, keeper: str = "") -> None:
        """`keeper` is the socket of a door with terminals and recordings."""
        self.plan = flow.prepare(lab, student)
        self.lab, self.student, self.folder, self.site = self.plan.lab.name, student, folder, site
        self.links, self.cookies = Links(), Cookies(KEY)
        own = desk.Desk({self.lab: self.plan.source}, lambda *_: folder).handlers()
        ask = client.here({**own, **packet_desk.handlers(own["plan"], (), 0)}, desk.explain)
        files = static_files.read({})
        self.app = app.make(site, client.Seats(ask), self.links, self.cookies, files, keeper)
        self.at = f"{site.prefix}/seats/{self.lab}/{student}"

    def reader(self) -> Reader:
        """Return the student of the seat."""
        return Reader(self.student, seats=frozenset({(self.lab, self.student)}))

    def browser(self, reader: Reader | None = None, lang: str = "en") -> TestClient:
        """Return a browser with the cookie of a reader, that of the student without one."""
        found = self.stranger(lang)
        cookie = self.cookies.write(reader or self.reader(), time.time())
        found.cookies.set(self.site.cookie, cookie, path=self.site.prefix + "/")
        return found

    def socket(self, path: str) -> str:
        """Return the address of a WebSocket below the path of the seat."""
        return f"{self.site.origin.replace('http', 'ws', 1)}{self.at}{path}"

    def stranger(self, lang: str = "en") -> TestClient:
        """Return a browser that has used no link."""
        headers = {"origin": self.site.origin, "accept-language": lang}
        return TestClient(self.app, base_url=self.site.origin, headers=headers, follow_redirects=False)
