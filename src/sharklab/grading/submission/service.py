"""Tell the service of an exercise from the lab alone.

It is the port of its conversation, of a capture's filter, or of the service that its server offers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sharklab.evidence.packets.model import Conversation
from sharklab.lab.model import Check, Exercise

FILTERED_PORT = re.compile(r"(?<!not )\bport\s+(\d+)")
"""A port that a filter asks for (pcap-filter(7))."""
_SERVICE = re.compile(r"(?P<port>\d{1,5})/(?P<transport>tcp|udp)")
_HOST_OF = {"listens": "host", "reaches": "to"}
"""The checks of a service on a host, each with its parameter that names the host."""


@dataclass(frozen=True)
class AskedService:
    """A port of a server; the transport is "" where the lab leaves it open."""

    transport: str
    port: int

    def fits(self, talk: Conversation) -> bool:
        """Tell whether a conversation is with such a service."""
        transports = (self.transport,) if self.transport else ("tcp", "udp")
        return talk.server.port == self.port and talk.transport in transports


def of(exercise: Exercise) -> AskedService | None:
    """Return the one service that the exercise is about, None if the lab tells none or several."""
    services = set(_list_declared(exercise) or _list_filtered(exercise) or _list_offered(exercise))
    return AskedService(*services.pop()) if len(services) == 1 else None


def _list_declared(exercise: Exercise) -> list[tuple[str, int]]:
    wanted = exercise.conversation
    return [(wanted.transport, wanted.port)] if wanted and wanted.port else []


def _list_filtered(exercise: Exercise) -> list[tuple[str, int]]:
    """Return the ports that the filters of the captures ask for."""
    transport = exercise.conversation.transport if exercise.conversation else ""
    filters = (capture.filter for capture in exercise.captures if "not (" not in capture.filter)
    return [(transport, int(port)) for each in filters for port in FILTERED_PORT.findall(each)]


def _list_offered(exercise: Exercise) -> Iterator[tuple[str, int]]:
    """Yield the services that the checks want of the server."""
    server = exercise.conversation.server if exercise.conversation else ""
    for check in exercise.checks:
        found = _SERVICE.fullmatch(str(check.params.get("port", "")))
        if found and _host_of(check) == server:
            yield found["transport"], int(found["port"])


def _host_of(check: Check) -> object:
    return check.params.get(_HOST_OF.get(check.kind, ""))
