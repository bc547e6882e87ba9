"""Help on the pages of both sides: the raised hand, the right to see terminals, and messages."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sharklab.cli.workbench.client import NOBODY
from sharklab.cli.workbench.web import class_page
from sharklab.cli.workbench.web.pages import ask, show_refusals, write


@show_refusals
async def notes(request: Request) -> Response:
    """Show the notes of a student's page again; a page of another right is loaded again as a whole."""
    return await _notes(request)


async def _notes(request: Request) -> Response:
    found, reader, given = await ask(request, "notes"), request.scope["reader"], request.path_params
    values: dict[str, Any] = {
        "at": f"/seats/{given['lab']}/{given['student']}",
        "own": given,
        "notes": found,
        "watching": reader.is_instructor,
        "has_terminals": bool(request.app.state.scripts),
    }
    content = write("notes.html.j2", reader.lang, request.app.state.site, **values)
    shown = request.query_params.get("right", found["right"])
    headers = {"HX-Refresh": "true"} if reader.is_instructor and shown != found["right"] else {}
    return HTMLResponse(content, headers=headers)


@show_refusals
async def ask_for_help(request: Request) -> Response:
    """Raise or lower a student's own hand."""
    form = await request.form()
    await ask(request, "help", up=str(form.get("up", "")))
    return await _notes(request)


@show_refusals
async def agree(request: Request) -> Response:
    """Give the instructor a right at the terminals, or take it back."""
    form = await request.form()
    await ask(request, "agree", right=str(form.get("right", "")))
    return await _notes(request)


@show_refusals
async def read(request: Request) -> Response:
    """Put a message away that the student has read."""
    form = await request.form()
    await ask(request, "read", number=str(form.get("number", "")))
    return await _notes(request)


@show_refusals
async def lower_hand(request: Request) -> Response:
    """Lower the hand of a student, and show the table again."""
    await class_page.ask(request, "help", request.path_params["student"], up="no")
    return await class_page.table(request)


@show_refusals
async def send(request: Request) -> Response:
    """Send a message to a student, or to everybody."""
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("to", "text")}
    found = await class_page.ask(request, "tell", NOBODY, **given)
    reader = request.scope["reader"]
    return HTMLResponse(write("sent.html.j2", reader.lang, request.app.state.site, count=found["count"]))


def routes() -> list[Route]:
    """Return the routes about help."""
    seat = "/seats/{lab}/{student}"
    return [
        Route(f"{seat}/notes", notes),
        Route(f"{seat}/help", ask_for_help, methods=["POST"]),
        Route(f"{seat}/agree", agree, methods=["POST"]),
        Route(f"{seat}/read", read, methods=["POST"]),
        Route("/class/helped/{student}", lower_hand, methods=["POST"]),
        Route("/class/messages", send, methods=["POST"]),
    ]
