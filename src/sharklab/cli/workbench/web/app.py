"""The application: routes inside the guard, and what the routes share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from sharklab.cli.workbench.client import Seats
from sharklab.cli.workbench.identity import Cookies, Links
from sharklab.cli.workbench.site import Site
from sharklab.cli.workbench.web import (
    class_page,
    class_seats,
    grade_page,
    help_page,
    live_packets,
    news,
    pages,
    static_files,
    terminals,
)
from sharklab.cli.workbench.web.door_client import DoorClient
from sharklab.cli.workbench.web.epochs import Epochs
from sharklab.cli.workbench.web.guard import Guard
from sharklab.cli.workbench.web.guard import language as language_of
from sharklab.cli.workbench.web.news import EVERYBODY, News

SCRIPTS = ("terminal.js", "packets.js", "splitter.js")
"""Modules of JavaScript that the page of a seat loads beside its tabs."""

STYLES = ("xterm.css",)
"""Style sheets of other makers that the page of a seat loads."""


def make(
    site: Site,
    seats: Seats,
    links: Links,
    cookies: Cookies,
    files: Mapping[str, static_files.File],
    keeper: str = "",
    class_lab: str = "",
) -> Starlette:
    """Return the application; `files` are those of `/static/`.

    `keeper` is the socket of the process with terminals and recordings; without it the pages show none.
    `class_lab` is the lab of a class, "" for the workbench of one student.

    A route finds on `app.state` all arguments but `files`, and `scripts`, `styles`, `door`, `news`, `epochs`,
    `is_known(reader)`, which tells whether a reader still counts, and `language(request)`, which is the
    language of a reader who is not known yet.
    """
    own: list[BaseRoute] = [*pages.routes(), static_files.route(files)]
    if keeper:
        own += [*terminals.routes(), *live_packets.routes()]
    if class_lab:
        for part in (class_page, class_seats, grade_page, help_page, news):
            own += part.routes()
    epochs = Epochs(partial(_numbers, seats, class_lab))
    app = Starlette(
        routes=[Mount(site.prefix, routes=own)] if site.prefix else own,
        middleware=[
            Middleware(
                Guard,
                site=site,
                cookies=cookies,
                refuse=partial(pages.refuse, site),
                counts=epochs.has if class_lab else None,
            )
        ],
    )
    app.state.site, app.state.seats, app.state.links, app.state.cookies = site, seats, links, cookies
    app.state.scripts, app.state.styles = (SCRIPTS, STYLES) if keeper else ((), ())
    app.state.door = DoorClient(keeper, partial(seats.ask, "keeper", "", "keeper"))
    app.state.language, app.state.class_lab = _language, class_lab
    app.state.epochs, app.state.is_known = epochs, epochs.knows if class_lab else lambda reader: True
    app.state.news = News(seats, class_lab)
    return app


def _numbers(seats: Seats, lab: str) -> dict[str, int]:
    """Return the number of the present link of each student of a class. Raises DeskRefusal."""
    found: dict[str, int] = seats.ask("links", lab, EVERYBODY)["numbers"]
    return found


def _language(request: Request) -> str:
    return language_of({name.lower(): value for name, value in request.headers.items()})
