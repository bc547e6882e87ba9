"""The terminals that are kept: one event loop for all, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sharklab.errors import InputError, MachineryError
from sharklab.hosts.door.pace import Pace
from sharklab.hosts.door.terminal import Terminal
from sharklab.message import N_, refusal

MOST_OF_SEAT = 16
"""Terminals of one seat: each is an ssh process."""

PATIENCE = 20.0
Returned = TypeVar("Returned")


@dataclass(frozen=True)
class TerminalKey:
    """The name of a terminal: a host of a seat, and a number, as there may be several."""

    lab: str
    student: str
    host: str
    number: int


@dataclass(frozen=True)
class Visit:
    """A person who wants to see a terminal, with rights: to type, and to set its size.

    Only the student of the seat sets the size: the others follow.
    """

    name: str
    types: bool
    sizes: bool


class Keeper:
    """Keeps terminals, and shows them."""

    def __init__(self) -> None:
        self._terminals: dict[TerminalKey, Terminal] = {}
        self._turns = Pace()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def attach(self, key: TerminalKey, visit: Visit, command: Callable[[], Sequence[str]]) -> socket.socket:
        """Return a connection to a terminal (`hosts.door.terminal`); if there is none, `command` begins it.

        A visit without the right to set its size begins none. Raises InputError for too many terminals, or
        for one that is not there, MachineryError when it does not start.
        """
        return self._do(self._attach(key, visit, command))

    def end_visits(self, lab: str, student: str) -> None:
        """End the visits of everybody but the student at all terminals of a seat."""
        self._do(self._end_visits(lab, student))

    @property
    def count(self) -> int:
        """The number of terminals."""
        return len(self._terminals)

    def close(self) -> None:
        """End all terminals, and the loop."""
        self._do(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Returned]) -> Returned:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _attach(
        self, key: TerminalKey, visit: Visit, command: Callable[[], Sequence[str]]
    ) -> socket.socket:
        terminal = self._terminals.get(key)
        if terminal is None:
            terminal = self._begin(key, visit, command)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        terminal.attach(ours, visit.name, visit.types, visit.sizes)
        return theirs

    def _begin(self, key: TerminalKey, visit: Visit, command: Callable[[], Sequence[str]]) -> Terminal:
        if not visit.sizes:
            raise InputError(N_("this terminal is not open"), place=key.host)
        of_seat = [each for each in self._terminals if (each.lab, each.student) == (key.lab, key.student)]
        if len(of_seat) >= MOST_OF_SEAT:
            raise InputError(
                N_("a seat has at most {most} terminals"),
                place=key.host,
                hint=N_("end one of them: type exit in it"),
                most=MOST_OF_SEAT,
            )
        try:
            terminal = Terminal(command(), environment(), lambda: self._forget(key), self._turns)
        except OSError as error:
            raise MachineryError(
                N_("the terminal cannot start: {reason}"), place=key.host, reason=refusal(error)
            ) from error
        self._terminals[key] = terminal
        return terminal

    def _forget(self, key: TerminalKey) -> None:
        self._terminals.pop(key, None)

    async def _end_visits(self, lab: str, student: str) -> None:
        for own, terminal in self._terminals.items():
            if (own.lab, own.student) == (lab, student):
                terminal.detach_all(lambda viewer: not viewer.sizes)

    async def _end_all(self) -> None:
        for terminal in list(self._terminals.values()):
            await terminal.close()


def environment() -> dict[str, str]:
    """Return the environment of a terminal's program: without settings of root, for xterm.js."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/root"),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
