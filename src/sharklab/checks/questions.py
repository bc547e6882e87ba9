"""Measure the answers to questions, each from every source that knows: the wire, `ss`, probes, the plan.

A value counts when at least one source measured it and no source contradicts it. The plan alone
is no measurement: it says what should be, not what was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sharklab.checks import measures
from sharklab.checks.choose import choose
from sharklab.checks.context import Context
from sharklab.checks.dns import exchanges
from sharklab.checks.nfs import calls
from sharklab.checks.outcome import (
    Answer,
    Reference,
    Status,
)
from sharklab.checks.scan_seen import read_scan
from sharklab.checks.sockets_seen import Socket
from sharklab.evidence.packets.model import NOWHERE, Endpoint
from sharklab.message import (
    N_,
    Message,
)

T = TypeVar("T")
SERVER = re.compile(r"^(?:;; SERVER|Address):\s+(?P<address>[0-9A-Fa-f.:]+)#(?P<port>\d+)", re.MULTILINE)
"""Where dig(1), host(1) and nslookup(1) say which DNS server answered."""

Pick = Callable[[str, Endpoint, Endpoint], str]
"""Takes transport, client and server, and returns the value that is asked for."""


@dataclass(frozen=True)
class Meeting:
    """Two ends that were seen to talk, and where that was seen."""

    transport: str
    client: Endpoint
    server: Endpoint
    seen: Reference


@dataclass(frozen=True)
class Source:
    """A source of answers: its name in words, its values, and its evidence. A plan is not `measured`."""

    name: Message
    values: frozenset[str]
    evidence: tuple[Reference, ...] = ()
    measured: bool = True


@dataclass(frozen=True)
class Question:
    """A question's wording, and the function that collects what the sources say.

    `of_server` marks one that is answered by what the server is like, and by no packet.
    """

    text: str
    sources: Callable[[Context], Iterable[Source]]
    of_server: bool = False


def answer(id: str, question: Question, context: Context) -> Answer:
    """Return the measured answer, or one without a value that says why."""
    sources = [source for source in question.sources(context) if source.values]
    evidence = tuple(reference for source in sources for reference in source.evidence)
    value, found = _settle(sources)
    status = Status.INCONCLUSIVE if value is None else Status.PASSED
    return Answer(id, Message(question.text), value, status, evidence, found)


def _settle(sources: list[Source]) -> tuple[str | None, Message]:
    if not any(source.measured for source in sources):
        return None, Message(N_("No capture, socket or command of the run shows it."))
    common = frozenset.intersection(*(source.values for source in sources))
    if len(common) == 1:
        names = [source.name for source in sources]
        return next(iter(common)), Message(N_("Alike in: {sources}."), {"sources": names})
    said = [_says(source) for source in sources]
    if common:
        return None, Message(N_("There is more than one: {sources}."), {"sources": said})
    return None, Message(N_("The sources disagree: {sources}."), {"sources": said})


def _says(source: Source) -> Message:
    values = {"source": source.name, "values": sorted(source.values)}
    return Message(N_("{source} says {values}"), values)


def _asking(
    meetings: Callable[[Context], Iterable[Meeting]],
    pick: Pick,
    planned: Callable[[Context], Iterable[str]],
    printed: str = "",
) -> Callable[[Context], Iterator[Source]]:
    """Return a function that asks captures, both hosts' `ss`, probes (a group of `SERVER`) and the plan."""

    def sources(context: Context) -> Iterator[Source]:
        met = list(meetings(context))
        yield from _captured(met, pick)
        yield from _seen(context, met, pick)
        if printed:
            yield from _printed(context, printed)
        yield Source(Message(N_("the plan")), frozenset(planned(context)), measured=False)

    return sources


def _measured(
    measure: Callable[[Context], Iterable[measures.Measure]],
) -> Callable[[Context], Iterator[Source]]:
    """Return a function that asks the captures for what only they can show."""

    def sources(context: Context) -> Iterator[Source]:
        for capture, group in _grouped(
            (seen.capture, (value, seen)) for value, seen in measure(context)
        ).items():
            name = Message(N_("capture {capture}"), {"capture": capture})
            yield Source(name, frozenset(value for value, _ in group), tuple(seen for _, seen in group))

    return sources


def _scanning(context: Context) -> Iterator[Source]:
    """Yield the server's open TCP ports as captures show them, and as nmap says in the XML of a command."""
    yield from _measured(measures.open_ports)(context)
    for probe in context.exercise.probes:
        result = context.probe(probe.id)
        try:
            scan = read_scan(result.stdout) if result else ()
        except ValueError:
            continue
        if not scan:
            continue
        servers = context.addresses(context.server)
        opened = sorted(
            p.port for p in scan if p.address in servers and (p.transport, p.state) == ("tcp", "open")
        )
        name = Message(N_("command {probe}"), {"probe": probe.id})
        values = frozenset({", ".join(map(str, opened))})
        yield Source(name, values, (Reference(probe=probe.id, host=probe.host),))


def _behind(context: Context) -> Iterator[Source]:
    """Yield the process behind the exercise's port, as `ss` on the server has it."""
    wanted = context.exercise.conversation
    lines = [
        socket
        for socket in context.sockets(context.server)
        if wanted
        and socket.open_to_all
        and socket.process
        and (socket.transport, socket.local.port) == (wanted.transport or "tcp", wanted.port)
    ]
    names = frozenset(socket.process.partition(" ")[0] for socket in lines)
    seen = tuple(Reference(host=socket.host, line=socket.line) for socket in lines)
    yield Source(Message(N_("ss on {host}"), {"host": context.server}), names, seen)


def _captured(met: list[Meeting], pick: Pick) -> Iterator[Source]:
    for capture, group in _grouped((each.seen.capture, each) for each in met).items():
        name = Message(N_("capture {capture}"), {"capture": capture})
        values = frozenset(pick(each.transport, each.client, each.server) for each in group)
        yield Source(name, values, tuple(dict.fromkeys(each.seen for each in group)))


def _seen(context: Context, met: list[Meeting], pick: Pick) -> Iterator[Source]:
    """Yield the answers from `ss`, for each host, about sockets that share an end with a meeting."""
    said = [*_on_clients(context, met, pick), *_on_servers(context, met, pick)]
    for host, group in _grouped((socket.host, (socket, value)) for socket, value in said if value).items():
        references = dict.fromkeys(Reference(host=host, line=socket.line) for socket, _ in group)
        values = frozenset(value for _, value in group)
        yield Source(Message(N_("ss on {host}"), {"host": host}), values, tuple(references))


def _on_clients(context: Context, met: list[Meeting], pick: Pick) -> Iterator[tuple[Socket, str]]:
    for each in met:
        for socket in context.sockets(context.host_at(each.client.address)):
            if socket.open_to_all:
                if socket.transport == each.transport == "udp" and socket.serves(each.client):
                    yield socket, pick(socket.transport, each.client, NOWHERE)
            elif _near((socket.local, socket.peer), each):
                yield socket, pick(socket.transport, socket.local, socket.peer)


def _on_servers(context: Context, met: list[Meeting], pick: Pick) -> Iterator[tuple[Socket, str]]:
    for each in met:
        for socket in context.sockets(context.host_at(each.server.address)):
            if socket.open_to_all:
                if socket.transport == each.transport and socket.serves(each.server):
                    yield socket, pick(socket.transport, NOWHERE, each.server)
            elif _near((socket.peer, socket.local), each):
                yield socket, pick(socket.transport, socket.peer, socket.local)


def _near(ends: tuple[Endpoint, Endpoint], each: Meeting) -> bool:
    """Tell whether a socket of (client, server) is the meeting's, or would be if one end were another."""
    client, server = ends
    return client == each.client or (server == each.server and client.address == each.client.address)


def _printed(context: Context, group: str) -> Iterator[Source]:
    for probe in context.exercise.probes:
        result = context.probe(probe.id)
        values = (
            frozenset(match[group] for match in SERVER.finditer(result.stdout)) if result else frozenset()
        )
        name = Message(N_("command {probe}"), {"probe": probe.id})
        yield Source(name, values, (Reference(probe=probe.id, host=probe.host),))


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def _conversation(context: Context) -> Iterator[Meeting]:
    chosen = choose(context)
    if chosen:
        talk = chosen.conversation
        yield Meeting(talk.transport, talk.client, talk.server, chosen.refer()[0])


def _resolving(context: Context) -> Iterator[Meeting]:
    for capture, each in exchanges(context):
        if each.answer:
            numbers = (each.question, each.answer)
            yield Meeting(
                each.transport, each.client, each.server, Reference(capture=capture, packets=numbers)
            )


def _sharing(context: Context) -> Iterator[Meeting]:
    for capture, call in calls(context):
        if call.reply:
            numbers = (call.call, call.reply)
            yield Meeting("tcp", call.client, call.server, Reference(capture=capture, packets=numbers))


def _server_addresses(context: Context) -> Iterable[str]:
    return context.addresses(context.server)


def _client_addresses(context: Context) -> Iterable[str]:
    return context.addresses(context.client)


def _port(context: Context) -> Iterable[str]:
    wanted = context.exercise.conversation
    return [str(wanted.port)] if wanted and wanted.port else []


def _transport(context: Context) -> Iterable[str]:
    wanted = context.exercise.conversation
    return [wanted.transport.upper()] if wanted and wanted.transport else []


def _nothing(context: Context) -> Iterable[str]:
    return []


def _address_of_server(transport: str, client: Endpoint, server: Endpoint) -> str:
    return server.address


def _port_of_server(transport: str, client: Endpoint, server: Endpoint) -> str:
    return str(server.port or "")


def _address_of_client(transport: str, client: Endpoint, server: Endpoint) -> str:
    return client.address


def _port_of_client(transport: str, client: Endpoint, server: Endpoint) -> str:
    return str(client.port or "")


def _name_of_transport(transport: str, client: Endpoint, server: Endpoint) -> str:
    return transport.upper()


QUESTIONS: Mapping[str, Question] = {
    "server_address": Question(
        N_("IP address of the server"), _asking(_conversation, _address_of_server, _server_addresses)
    ),
    "server_port": Question(N_("Port of the server"), _asking(_conversation, _port_of_server, _port)),
    "client_address": Question(
        N_("IP address of the client"), _asking(_conversation, _address_of_client, _client_addresses)
    ),
    "local_port": Question(N_("Local port of the client"), _asking(_conversation, _port_of_client, _nothing)),
    "transport": Question(N_("TCP or UDP"), _asking(_conversation, _name_of_transport, _transport)),
    "dns_server_address": Question(
        N_("IP address of the DNS server"),
        _asking(_resolving, _address_of_server, _server_addresses, "address"),
    ),
    "dns_server_port": Question(
        N_("Port of the DNS server"), _asking(_resolving, _port_of_server, _port, "port")
    ),
    "nfs_server_address": Question(
        N_("IP address of the NFS server"), _asking(_sharing, _address_of_server, _server_addresses)
    ),
    "client_sequence": Question(
        N_("Initial sequence number of the client (absolute)"), _measured(measures.client_sequence)
    ),
    "client_bytes": Question(N_("Bytes of data that the client sends"), _measured(measures.client_bytes)),
    "service": Question(N_("Service behind the port"), _measured(measures.service)),
    "busiest": Question(N_("Capture with the most packets"), _measured(measures.busiest)),
    "open_ports": Question(N_("Open TCP ports"), _scanning),
    "process": Question(N_("Program behind the port"), _behind, of_server=True),
    "nfs_port": Question(N_("Port of the NFS server"), _asking(_sharing, _port_of_server, _port)),
}
"""Every question that a lab may ask, by the id that lab.yml uses."""
