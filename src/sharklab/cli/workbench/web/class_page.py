"""The instructor's page: the class as a table that renews itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sharklab.cli.workbench.client import NOBODY
from sharklab.cli.workbench.identity import Reader
from sharklab.cli.workbench.web.pages import show_refusals, write
from sharklab.cli.workbench.web.refusals import STATUS


async def ask(request: Request, want: str, student: str, **more: str) -> dict[str, Any]:
    """Return the answer of the desk about a student of the class. Raises DeskRefusal."""
    state, reader = request.app.state, request.scope["reader"]
    return await run_in_threadpool(
        lambda: state.seats.ask(want, state.class_lab, student, reader.lang, **more)
    )


async def _rows(request: Request) -> dict[str, Any]:
    """Return the class with the rows that the reader wants to see. Raises DeskRefusal."""
    found = await ask(request, "class", NOBODY)
    form = await request.form() if request.method == "POST" else {}
    query = {name: str(value) for name, value in {**request.query_params, **form}.items()}
    return {**found, "shown": list(_filter_rows(found["rows"], query))}


def _filter_rows(rows: list[dict[str, Any]], query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the rows that a search and a filter leave."""
    words, only = query.get("search", "").casefold(), query.get("only", "")
    for row in rows:
        states = {
            "hands": row["hand"] >= 0,
            "working": not row["handed"],
            "handed": bool(row["handed"]),
            "down": not row["hosts"],
        }
        if words in f"{row['student']} {row['name']}".casefold() and states.get(only, True):
            yield row


@show_refusals
async def page(request: Request) -> Response:
    """Show the page of the class."""
    return await _answer(request, "class.html.j2")


@show_refusals
async def rows(request: Request) -> Response:
    """Show the table alone."""
    return await table(request)


async def table(request: Request, said: str = "") -> Response:
    """Return the table, after an action on it; `said` tells why that was refused. Raises DeskRefusal."""
    return await _answer(request, "class_rows.html.j2", said)


async def _answer(request: Request, template: str, said: str = "") -> Response:
    reader: Reader = request.scope["reader"]
    own = await _rows(request)
    has_terminals = bool(request.app.state.scripts)
    site = request.app.state.site
    content = write(template, reader.lang, site, own=own, has_terminals=has_terminals, said=said)
    return HTMLResponse(content, STATUS if said else 200)


@show_refusals
async def new_link(request: Request) -> Response:
    """Give a student another link; it ends the cookies of the older ones."""
    state, reader = request.app.state, request.scope["reader"]
    found = await ask(request, "new link", request.path_params["student"])
    await state.epochs.forget()
    link = state.site.link(found["token"])
    return HTMLResponse(write("link.html.j2", reader.lang, state.site, link=link))


def routes() -> list[Route]:
    """Return the routes of the table."""
    return [
        Route("/class/", page),
        Route("/class/rows", rows),
        Route("/class/links/{student}", new_link, methods=["POST"]),
    ]
