"""The application: routes inside the guard, and what the routes share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from sharklab.cli.workbench import class_page, pages, static_files
from sharklab.cli.workbench.client import Seats
from sharklab.cli.workbench.guard import Guard
from sharklab.cli.workbench.guard import language as language_of
from sharklab.cli.workbench.identity import Cookies, Links
from sharklab.cli.workbench.site import Site

SCRIPTS: tuple[str, ...] = ()
"""Modules of JavaScript that the page of a seat loads beside its tabs."""

STYLES: tuple[str, ...] = ()
"""Style sheets of other makers that the page of a seat loads."""


def make(
    site: Site,
    seats: Seats,
    links: Links,
    cookies: Cookies,
    files: Mapping[str, static_files.File],
    class_lab: str = "",
) -> Starlette:
    """Return the application; `files` are those of `/static/`.

    `class_lab` is the lab of a class, "" for the workbench of one student.

    A route finds on `app.state`: `class_lab`, `site`, `seats`, `links`, `cookies`, `scripts`, `styles`, and
    `language(request)`, the language of a reader who is not known yet.
    """
    own: list[BaseRoute] = [*pages.routes(), static_files.route(files)]
    if class_lab:
        own += class_page.routes()
    app = Starlette(
        routes=[Mount(site.prefix, routes=own)] if site.prefix else own,
        middleware=[Middleware(Guard, site=site, cookies=cookies, refuse=partial(pages.refuse, site))],
    )
    app.state.site, app.state.seats, app.state.links, app.state.cookies = site, seats, links, cookies
    app.state.scripts, app.state.styles = SCRIPTS, STYLES
    app.state.language, app.state.class_lab = _language, class_lab
    return app


def _language(request: Request) -> str:
    return language_of({name.lower(): value for name, value in request.headers.items()})
