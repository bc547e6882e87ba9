"""The instructor's page: the class as a table that renews itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sharklab.cli.workbench.client import Seats
from sharklab.cli.workbench.identity import Reader
from sharklab.cli.workbench.pages import ask, telling, write

NOBODY = "-"
"""The student of a request about the whole class."""


async def _rows(request: Request) -> dict[str, Any]:
    """Return the class with the rows that the reader wants to see. Raises Refused."""
    seats: Seats = request.app.state.seats
    reader: Reader = request.scope["reader"]
    found = await run_in_threadpool(
        lambda: seats.ask("class", request.app.state.class_lab, NOBODY, reader.lang)
    )
    return {**found, "shown": list(_wanted(found["rows"], request.query_params))}


def _wanted(rows: list[dict[str, Any]], query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the rows that a search and a filter leave."""
    words, only = query.get("search", "").casefold(), query.get("only", "")
    keep = {
        "hands": lambda row: row["hand"] >= 0,
        "working": lambda row: not row["handed"],
        "handed": lambda row: bool(row["handed"]),
    }.get(only, lambda row: True)
    for row in rows:
        if words in f"{row['student']} {row['name']}".casefold() and keep(row):
            yield row


@telling
async def page(request: Request) -> Response:
    """Show the page of the class."""
    return await _answer(request, "class.html.j2")


@telling
async def rows(request: Request) -> Response:
    """Show the table alone."""
    return await _answer(request, "class_rows.html.j2")


async def _answer(request: Request, template: str) -> Response:
    reader: Reader = request.scope["reader"]
    own = await _rows(request)
    return HTMLResponse(write(template, reader.lang, request.app.state.site, own=own))


@telling
async def new_link(request: Request) -> Response:
    """Give a student another link."""
    state, reader = request.app.state, request.scope["reader"]
    student, lab = request.path_params["student"], state.class_lab
    found = await run_in_threadpool(lambda: state.seats.ask("new link", lab, student, reader.lang))
    state.links.add(found["token"], Reader(student, seats=frozenset({(lab, student)})))
    link = f"{state.site.origin}{state.site.url('/enter/')}{found['token']}"
    return HTMLResponse(write("link.html.j2", reader.lang, state.site, link=link))


@telling
async def helped(request: Request) -> Response:
    """Lower the hand of a student, and show the table again."""
    state, reader = request.app.state, request.scope["reader"]
    student = request.path_params["student"]
    await run_in_threadpool(lambda: state.seats.ask("help", state.class_lab, student, reader.lang, up="no"))
    return await _answer(request, "class_rows.html.j2")


@telling
async def ask_for_help(request: Request) -> Response:
    """Raise or lower a student's own hand."""
    form = await request.form()
    found = await ask(request, "help", up=str(form.get("up", "")))
    state, reader = request.app.state, request.scope["reader"]
    given = request.path_params
    at = f"/seats/{given['lab']}/{given['student']}"
    return HTMLResponse(write("hand.html.j2", reader.lang, state.site, at=at, hand=found["up"]))


def routes() -> list[Route]:
    """Return the routes of a class."""
    return [
        Route("/class/", page),
        Route("/class/rows", rows),
        Route("/class/links/{student}", new_link, methods=["POST"]),
        Route("/class/helped/{student}", helped, methods=["POST"]),
        Route("/seats/{lab}/{student}/help", ask_for_help, methods=["POST"]),
    ]
