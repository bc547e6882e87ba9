"""Say on the page why a request was refused, in the language of its reader."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from sharklab.cli.workbench.client import DeskRefusal
from sharklab.errors import SharklabError

STATUS = 422
"""The status of a refusal: the request was understood, and cannot be done (RFC 9110, 15.5.21)."""

Page = Callable[[Request], Awaitable[Response]]
Tell = Callable[[Request, str], Response]


def answer_refusals(say: Tell) -> Callable[[Page], Page]:
    """Return a decorator for pages: `say` makes the response to a request that is refused."""

    def add_refusal(page: Page) -> Page:
        async def call(request: Request) -> Response:
            try:
                return await page(request)
            except DeskRefusal as refused:
                return say(request, str(refused))
            except SharklabError as error:
                return say(request, str(DeskRefusal.by(error, request.scope["reader"].lang)))

        return call

    return add_refusal
