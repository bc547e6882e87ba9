"""The check that the services which a course wants known are what the system's own list says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sharklab.checks.context import Context
from sharklab.checks.kind import PROBE, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status, Table, TableLine
from sharklab.lab.model import Service, Text
from sharklab.message import N_, Message

_LINE = re.compile(
    r"^(?P<name>[^#\s]\S*)\s+(?P<port>\d+)/(?P<transport>\w+)(?P<aliases>[^#\n]*)", re.MULTILINE
)
"""A line of services(5)."""

Names = Mapping[tuple[int, str], tuple[str, ...]]
"""The official name and the aliases of each port and transport."""


@check(
    "services",
    Rests.PROBES,
    N_("Services to know"),
    N_("as in /etc/services, or a reason why not"),
    params=parameters("reference", reference=PROBE),
)
def services(context: Context, params: Params) -> Finding:
    """Each of the exercise's services is in /etc/services, or the lab explains the difference.

    `reference` is a probe that prints /etc/services. A name of the course's own must be in no list.
    """
    result = context.probe(params["reference"])
    names = read_services(result.stdout) if result and not result.truncated else {}
    evidence = (Reference(probe=result.id, host=result.host),) if result else ()
    if not names or not context.exercise.services:
        text = N_("{reference} printed no list of services.")
        return Finding(Status.INCONCLUSIVE, Message(text, params), evidence)
    entries = tuple(_entry(context, service, names) for service in context.exercise.services)
    known = context.exercise.services
    wrong = [
        f"{service.name} ({service.port})"
        for service, entry in zip(known, entries, strict=True)
        if not entry.right
    ]
    differing = [f"{service.name} ({service.port})" for service in known if _differs(service, names)]
    values = {"count": len(entries), "differing": differing or "-", "wrong": wrong}
    text = (
        N_("Services compared with /etc/services: {count}. Differences without an explanation: {wrong}.")
        if wrong
        else N_(
            "Services compared with /etc/services: {count}. Differences that the lab explains: {differing}."
        )
    )
    status = Status.FAILED if wrong else Status.PASSED
    return Finding(status, Message(text, values), evidence, _table(entries))


def read_services(text: str) -> Names:
    """Return the names of ports in a file like /etc/services (services(5))."""
    names: dict[tuple[int, str], tuple[str, ...]] = {}
    for line in _LINE.finditer(text):
        key = int(line["port"]), line["transport"]
        names[key] = (*names.get(key, ()), line["name"], *line["aliases"].split())
    return names


def _differs(service: Service, names: Names) -> bool:
    """Tell whether the list does not have the service by the course's name on each of its transports."""
    return any(service.name not in names.get((service.port, each), ()) for each in service.transports)


def _is_right(service: Service, names: Names) -> bool:
    if service.own:
        return not any(service.name in listed for listed in names.values()) and bool(service.note)
    wanted = service.reference or service.name
    listed = [wanted in names.get((service.port, each), ()) for each in service.transports]
    return any(listed) and (bool(service.note) or not _differs(service, names))


def _entry(context: Context, service: Service, names: Names) -> TableLine:
    cells: tuple[Message | Text, ...] = (
        Message(str(service.port)),
        Message(service.name),
        Message("/".join(service.transports).upper()),
        Message(_name_of(service, names) or "-"),
        Message(_programs_of(context, service) or "-"),
        service.use,
        service.note,
    )
    return TableLine(cells, _is_right(service, names))


def _name_of(service: Service, names: Names) -> str:
    """Return the port's first name for each transport, as /etc/services has it."""
    listed = (
        (names[service.port, each][0], each) for each in ("tcp", "udp") if (service.port, each) in names
    )
    return ", ".join(f"{name}/{each}" for name, each in listed)


def _programs_of(context: Context, service: Service) -> str:
    """Return the programs that listen on the port, host by host."""
    programs = {
        f"{host.name}: {socket.process.partition(' ')[0] or '?'}"
        for host in context.plan.hosts
        for socket in context.sockets(host.name)
        if socket.open_to_all and socket.local.port == service.port and socket.transport in service.transports
    }
    return ", ".join(sorted(programs))


def _table(lines: tuple[TableLine, ...]) -> Table:
    columns = (
        N_("Port"),
        N_("Service"),
        N_("TCP or UDP"),
        N_("In /etc/services"),
        N_("Listening in this lab"),
        N_("Use"),
        N_("Differences"),
    )
    return Table(Message(N_("The ports to know")), tuple(map(Message, columns)), lines)
