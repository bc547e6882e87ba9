"""The seats of a class on the instructor's pages: start, remove and reset them, one or many."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sharklab.cli.workbench.client import NOBODY, DeskRefusal
from sharklab.cli.workbench.web import class_page
from sharklab.cli.workbench.web.class_page import ask
from sharklab.cli.workbench.web.pages import show_refusals, write

ACTIONS = {"start": "start", "stop": "stop", "reset": "restart"}
"""The request to the desk for each action on a seat."""

OF_MANY = {**ACTIONS, "minutes": "minutes"}


def _find_request(action: str, known: Mapping[str, str]) -> str:
    """Return the request for an action. Raises HTTPException for another word."""
    if action not in known:
        raise HTTPException(404)
    return known[action]


@show_refusals
async def seat(request: Request) -> Response:
    """Show the page of a student's seat, or the part of it that changes."""
    template = "class_job.html.j2" if request.query_params.get("part") else "class_seat.html.j2"
    return await _answer(request, template)


@show_refusals
async def act(request: Request) -> Response:
    """Begin a job on the seat of a student, and show that it waits."""
    await ask(request, _find_request(request.path_params["action"], ACTIONS), request.path_params["student"])
    return await _answer(request, "class_job.html.j2")


@show_refusals
async def act_on_many(request: Request) -> Response:
    """Begin a job on each chosen seat; without a choice `start` means everybody without one that is up.

    In an exam, `minutes` gives the chosen students more of them.
    """
    form = await request.form()
    students, more = ",".join(str(each) for each in form.getlist("student")), str(form.get("more", ""))
    want = _find_request(str(form.get("action", "")), OF_MANY)
    try:
        await ask(request, want, NOBODY, students=students, more=more)
    except DeskRefusal as error:  # the table stays, below the reason
        return await class_page.table(request, str(error))
    return await class_page.table(request)


async def _answer(request: Request, template: str) -> Response:
    found = await ask(request, "seat", request.path_params["student"])
    state, reader = request.app.state, request.scope["reader"]
    return HTMLResponse(write(template, reader.lang, state.site, own=found, lab=state.class_lab))


def routes() -> list[Route]:
    """Return the routes about seats."""
    return [
        Route("/class/seats", act_on_many, methods=["POST"]),
        Route("/class/seats/{student}/", seat),
        Route("/class/seats/{student}/{action}", act, methods=["POST"]),
    ]
