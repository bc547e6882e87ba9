"""Find the conversation of an exercise that a student recorded, and about which no answer says anything.

The lab itself tells the kind: the port of its conversation, of a capture's filter, or of the service that its
server offers. A capture that has conversations with one such service alone leaves no doubt which is meant.
Any other capture earns nothing without an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sharklab.checks.context import Talk
from sharklab.lab.model import Check, Exercise

FILTERED_PORT = re.compile(r"(?<!not )\bport\s+(\d+)")
"""A port that a filter asks for (pcap-filter(7))."""
_SERVICE = re.compile(r"(?P<port>\d{1,5})/(?P<transport>tcp|udp)")
_HOST_OF = {"listens": "host", "reaches": "to"}
"""The checks of a service on a host, each with its parameter that names the host."""


def of_kind(exercise: Exercise, talks: Iterable[Talk]) -> list[Talk]:
    """Return the conversations with the one service of the exercise's kind, none if there are several.

    `talks` are those of its captures; one whose sides are not sure is in it both ways round.
    """
    kinds = set(_declared(exercise) or _filtered(exercise) or _offered(exercise))
    if len(kinds) != 1:
        return []
    [(transport, port)] = kinds
    found = [
        (name, talk)
        for name, talk in talks
        if talk.server.port == port and talk.transport in ((transport,) if transport else ("tcp", "udp"))
    ]
    return found if len({talk.server for _, talk in found}) == 1 else []


def _declared(exercise: Exercise) -> list[tuple[str, int]]:
    wanted = exercise.conversation
    return [(wanted.transport, wanted.port)] if wanted and wanted.port else []


def _filtered(exercise: Exercise) -> list[tuple[str, int]]:
    """Return the ports that the filters of the captures ask for."""
    transport = exercise.conversation.transport if exercise.conversation else ""
    filters = (capture.filter for capture in exercise.captures if "not (" not in capture.filter)
    return [(transport, int(port)) for each in filters for port in FILTERED_PORT.findall(each)]


def _offered(exercise: Exercise) -> Iterator[tuple[str, int]]:
    """Yield the services that the checks want of the server."""
    server = exercise.conversation.server if exercise.conversation else ""
    for check in exercise.checks:
        found = _SERVICE.fullmatch(str(check.params.get("port", "")))
        if found and _host_of(check) == server:
            yield found["transport"], int(found["port"])


def _host_of(check: Check) -> object:
    return check.params.get(_HOST_OF.get(check.kind, ""))
