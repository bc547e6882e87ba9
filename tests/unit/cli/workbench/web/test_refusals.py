"""A refusal is said in the language of the reader, wherever it comes from."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sharklab.cli.workbench.client import DeskRefusal
from sharklab.cli.workbench.identity import Reader
from sharklab.cli.workbench.web import refusals
from sharklab.errors import InputError
from sharklab.message import N_


@pytest.mark.parametrize(
    ("problem", "said"),
    [(DeskRefusal("non"), "non"), (InputError(N_("no file came")), "aucun fichier n'est arrivé")],
)
def test_refusals_of_the_desk_and_of_the_page_are_told(problem: Exception, said: str) -> None:
    """The desk has put its own into words; an error of the page is said in French to a French reader."""

    @refusals.answer_refusals(lambda request, text: PlainTextResponse(text, refusals.STATUS))
    async def page(request: Request) -> Response:
        raise problem

    async def answered() -> Response:
        return await page(Request({"type": "http", "reader": Reader("alice", lang="fr")}))

    answer = asyncio.run(answered())
    assert (422, said) == (answer.status_code, bytes(answer.body).decode())
