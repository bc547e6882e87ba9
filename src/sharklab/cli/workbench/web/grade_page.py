"""The gradebook of a class in the browser: its pages for the instructor, and each student's own feedback."""

from __future__ import annotations

from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sharklab.cli.workbench.client import NOBODY
from sharklab.cli.workbench.web.class_page import ask
from sharklab.cli.workbench.web.pages import open_file, send_file, show_refusals, write


@show_refusals
async def part(request: Request) -> Response:
    """Show the state of the gradebook."""
    return await _part(request)


async def _part(request: Request) -> Response:
    found, reader = await ask(request, "gradebook", NOBODY), request.scope["reader"]
    state = request.app.state
    content = write("gradebook.html.j2", reader.lang, state.site, own={"lab": state.class_lab}, book=found)
    return HTMLResponse(content)


@show_refusals
async def grade(request: Request) -> Response:
    """Begin to grade the submissions."""
    await ask(request, "grade", NOBODY)
    return await _part(request)


@show_refusals
async def give(request: Request) -> Response:
    """Give the feedback to the students, or take it back."""
    form = await request.form()
    await ask(request, "give feedback", NOBODY, given=str(form.get("given", "")))
    return await _part(request)


@show_refusals
async def page(request: Request) -> Response:
    """Show a page of the gradebook, or give a table of it."""
    wanted = request.path_params["name"]
    place = (request.app.state.class_lab, NOBODY)
    name, content = await open_file(request, "graded", place, name=wanted)
    is_page = PurePosixPath(name).suffix == ".html"
    return HTMLResponse(content) if is_page else send_file(name, content)


@show_refusals
async def feedback(request: Request) -> Response:
    """Show a student's own feedback."""
    given = request.path_params
    _, content = await open_file(request, "feedback", (given["lab"], given["student"]))
    return HTMLResponse(content)


def routes() -> list[Route]:
    """Return the routes of the gradebook."""
    return [
        Route("/class/gradebook", part),
        Route("/class/grade", grade, methods=["POST"]),
        Route("/class/feedback", give, methods=["POST"]),
        Route("/class/gradebook/{name:path}", page),
        Route("/seats/{lab}/{student}/feedback", feedback),
    ]
