"""Ask the desk, wherever it is: in this process, or in one with more rights behind a door."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol

from sharklab import i18n
from sharklab.errors import InputError, MachineryError, SharklabError
from sharklab.hosts.door import protocol
from sharklab.hosts.door.server import ExplainError, Handler
from sharklab.lab import plan_file
from sharklab.lab.model import Plan
from sharklab.message import N_

NOBODY = "-"
"""The student of a request about the whole class."""


class DeskRefusal(Exception):
    """The desk refused a request; the text is for the reader, in their language."""

    @classmethod
    def by(cls, error: SharklabError, language: str) -> DeskRefusal:
        """Return the refusal that says `error` in a language."""
        return cls(error.say(i18n.translator(language).gettext))


class Ask(Protocol):
    """Asks for one thing: the request as JSON data, and file descriptors that go with it."""

    def __call__(
        self, request: dict[str, Any], handles: tuple[int, ...] = ()
    ) -> tuple[dict[str, Any], list[int]]:
        """Return the answer and its file descriptors. Raises DeskRefusal."""


def here(handlers: Mapping[str, Handler], explain: ExplainError) -> Ask:
    """Return the way to a desk in this process."""

    def ask(request: dict[str, Any], handles: tuple[int, ...] = ()) -> tuple[dict[str, Any], list[int]]:
        try:
            answer = handlers[request["want"]](request["student"], request, list(handles))
        except SharklabError as error:
            raise DeskRefusal(explain(error, request)) from error
        if answer.handle is None:
            return dict(answer.content), []
        with answer.handle as given:
            return dict(answer.content), [os.dup(given.fileno())]

    return ask


def through_door(path: str, patience: float = 600.0) -> Ask:
    """Return the way to a desk behind the door at `path`; an answer comes within `patience` seconds."""

    def ask(request: dict[str, Any], handles: tuple[int, ...] = ()) -> tuple[dict[str, Any], list[int]]:
        try:
            answer, given = protocol.ask(path, request, handles, patience)
        except protocol.BrokenTalk as error:
            silent = MachineryError(N_("the door does not answer: {said}"), said=error)
            raise DeskRefusal.by(silent, request["lang"]) from error
        if "error" in answer:
            protocol.close(given)
            raise DeskRefusal(str(answer["error"]))
        return answer, given

    return ask


class Seats:
    """The requests of the pages, by lab and student. Every function may take seconds: call it in a thread."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def plan(self, lab: str, student: str) -> Plan:
        """Return the plan of a seat in its state of now. Raises DeskRefusal."""
        return plan_file.from_plain(self.ask("plan", lab, student))

    def ask(self, want: str, lab: str, student: str, lang: str = "en", **more: str) -> dict[str, Any]:
        """Return the answer to a request about a seat, in the language `lang`. Raises DeskRefusal."""
        answer, handles = self._ask({"want": want, "lab": lab, "student": student, "lang": lang, **more})
        protocol.close(handles)
        return answer

    def give(self, want: str, lab: str, student: str, lang: str, handle: int, **more: str) -> dict[str, Any]:
        """Do the same with a file descriptor that goes with the request."""
        answer, handles = self._ask(
            {"want": want, "lab": lab, "student": student, "lang": lang, **more}, (handle,)
        )
        protocol.close(handles)
        return answer

    def exchange(
        self, want: str, lab: str, student: str, lang: str, handle: int, **more: str
    ) -> tuple[dict[str, Any], list[int]]:
        """Give a file descriptor with a request, and return the answer and its file descriptors."""
        return self._ask({"want": want, "lab": lab, "student": student, "lang": lang, **more}, (handle,))

    def open(
        self, want: str, lab: str, student: str, lang: str = "en", **more: str
    ) -> tuple[dict[str, Any], int]:
        """Return the answer and the one file descriptor that comes with it. Raises DeskRefusal."""
        answer, handles = self._ask({"want": want, "lab": lab, "student": student, "lang": lang, **more})
        if len(handles) != 1:
            protocol.close(handles)
            raise DeskRefusal.by(InputError(N_("no file came")), lang)
        return answer, handles[0]
