"""A workbench without a network: its pages are asked directly, and its desk is in this process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from starlette.testclient import TestClient

from sharklab.cli import flow
from sharklab.cli.workbench import client
from sharklab.cli.workbench.desk import class_desk, packet_desk
from sharklab.cli.workbench.desk import student_desk as desk
from sharklab.cli.workbench.identity import Cookies, Links, Reader
from sharklab.cli.workbench.site import Site
from sharklab.cli.workbench.web import app, static_files
from sharklab.hosts.door import protocol
from sharklab.lab.roster import Student

SITE = Site("http://127.0.0.1:8470")
KEY = b"k" * 32


class Bench:
    """The workbench for the seat of a student; the page is at `at`."""

    def __init__(
        self,
        lab: str,
        student: str,
        folder: Path,
        site: Site = SITE,
        keeper: str = "",
        names: Mapping[str, str] = MappingProxyType({}),
        files: Mapping[str, static_files.File] | None = None,
    ) -> None:
        """Make the workbench of a student, or of the class of `names`, by id.

        `keeper` is the socket of a door with terminals and recordings; `files` are those of `/static/`.
        """
        self.plan = flow.prepare(lab, student)
        self.lab, self.student, self.folder, self.site = self.plan.lab.name, student, folder, site
        self.links, self.cookies = Links(), Cookies(KEY)
        self.students = tuple(Student(id, name, "") for id, name in names.items())
        self.keeper = keeper
        self.of_class = class_desk.make(
            self.plan.source,
            self.students,
            lambda lab, own: folder if own == student else folder.with_name(f"work-{own}"),
            lambda lab, own: self.end_visits(lab, own),
        )
        handlers = dict((self.of_class if names else self.of_class.desk).handlers())
        handlers |= packet_desk.handlers(handlers["plan"], (), 0)
        seats = client.Seats(client.here(handlers, desk.explain))
        files = static_files.read({}) if files is None else files
        class_lab = self.lab if names else ""
        self.app = app.make(site, seats, self.links, self.cookies, files, keeper, class_lab)
        self.at = f"{site.prefix}/seats/{self.lab}/{student}"

    def end_visits(self, lab: str, student: str) -> None:
        """End the visits at the terminals of a seat; without a door there are none."""
        if self.keeper:
            request = {"want": "end visits", "lab": lab, "student": student}
            protocol.ask(self.keeper, request)

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
