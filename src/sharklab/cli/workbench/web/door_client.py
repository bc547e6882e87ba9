"""Ask the door of the workbench, from the event loop of the web process."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool

from sharklab.cli.workbench.client import DeskRefusal
from sharklab.errors import MachineryError
from sharklab.hosts.door import protocol
from sharklab.message import N_


class DoorClient:
    """Asks the process that keeps terminals and recordings."""

    def __init__(self, path: str, start: Callable[[], object]) -> None:
        """`path` is the socket of the door; `start` begins its process again where it has ended."""
        self._path, self._start = path, start

    async def ask(self, want: str, student: str, **request: Any) -> tuple[dict[str, Any], list[int]]:
        """Return the answer to a request, and its file descriptors.

        Raises MachineryError with the door's own sentence, in the language of the request.
        """
        return await run_in_threadpool(self._ask, {"want": want, "student": student, **request})

    async def connect(self, want: str, student: str, **request: Any) -> socket.socket:
        """Return the connection that the answer to a request brings. Raises MachineryError."""
        _, handles = await self.ask(want, student, **request)
        return socket.socket(fileno=handles[0])

    def _ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        try:
            answer, handles = protocol.ask(self._path, request)
        except protocol.BrokenTalk:
            try:
                self._start()
                answer, handles = protocol.ask(self._path, request)
            except (protocol.BrokenTalk, DeskRefusal) as error:
                raise MachineryError(
                    N_("the process that keeps terminals does not answer: {reason}"), reason=str(error)
                ) from error
        if "error" in answer:
            protocol.close(handles)
            raise MachineryError("{said}", said=answer["error"])
        return answer, handles
