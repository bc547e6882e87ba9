"""The sources of answers: captures, the sockets of both hosts, the output of probes, the plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sharklab.checks.context import Context
from sharklab.checks.dns import exchanges
from sharklab.checks.focus import find_focus
from sharklab.checks.nfs import calls
from sharklab.checks.outcome import Reference
from sharklab.checks.question import Source
from sharklab.evidence.packets.model import NOWHERE, Endpoint
from sharklab.evidence.sockets import Socket
from sharklab.message import N_, Message

T = TypeVar("T")
SERVER = re.compile(r"^(?:;; SERVER|Address):\s+(?P<address>[0-9A-Fa-f.:]+)#(?P<port>\d+)", re.MULTILINE)
"""The line by which dig(1), host(1) and nslookup(1) name the DNS server that answered."""


@dataclass(frozen=True)
class Ends:
    """The transport, the client and the server of an exchange; an end that is not known is NOWHERE."""

    transport: str
    client: Endpoint
    server: Endpoint


@dataclass(frozen=True)
class Meeting:
    """An exchange that a capture shows, and where."""

    ends: Ends
    seen: Reference


Pick = Callable[[Ends], str]
"""Returns the value that a question asks for, or nothing where an end is not known."""


def conversation(context: Context) -> list[Meeting]:
    """Return the conversation that the exercise is about."""
    focus = find_focus(context)
    if focus is None:
        return []
    talk = focus.conversation
    return [Meeting(Ends(talk.transport, talk.client, talk.server), focus.refer()[0])]


def dns_exchanges(context: Context) -> list[Meeting]:
    """Return the DNS answers between the exercise's hosts, each with its question where it was captured."""
    return [
        Meeting(
            Ends(each.transport, each.client, each.server),
            Reference(capture=capture, packets=tuple(filter(None, (each.question, each.answer)))),
        )
        for capture, each in exchanges(context)
        if each.answer
    ]


def nfs_calls(context: Context) -> list[Meeting]:
    """Return the answered NFS calls between the exercise's hosts."""
    return [
        Meeting(
            Ends("tcp", call.client, call.server), Reference(capture=capture, packets=(call.call, call.reply))
        )
        for capture, call in calls(context)
        if call.reply
    ]


def by_meetings(context: Context, meetings: list[Meeting], pick: Pick) -> Iterator[Source]:
    """Yield each capture with the value of its meetings, then `ss` on each host of a meeting."""
    for capture, group in _group((each.seen.capture, each) for each in meetings).items():
        values = frozenset(pick(each.ends) for each in group)
        yield Source(_of_capture(capture), values, tuple(dict.fromkeys(each.seen for each in group)))
    yield from _by_sockets(context, meetings, pick)


def by_capture(seen: Reference, value: str) -> Source:
    """Return a capture as the source of a value that only captures show."""
    return Source(_of_capture(seen.capture), frozenset({value}), (seen,))


def by_dns_client(context: Context, group: str) -> Iterator[Source]:
    """Yield the probes whose output names the DNS server: its `address` or `port`."""
    for probe in context.exercise.probes:
        result = context.probe(probe.id)
        lines = SERVER.finditer(result.stdout) if result else ()
        yield by_probe(probe.id, probe.host, frozenset(line[group] for line in lines))


def by_probe(probe: str, host: str, values: frozenset[str]) -> Source:
    """Return a probe as the source of the values that it printed."""
    name = Message(N_("command {probe}"), {"probe": probe})
    return Source(name, values, (Reference(probe=probe, host=host),))


def by_plan(*values: str) -> Source:
    """Return the plan as a source: it measures nothing, and contradicts a wrong value."""
    return Source(Message(N_("the plan")), frozenset(filter(None, values)), measured=False)


def by_lines(host: str, values: Iterable[str], sockets: Iterable[Socket]) -> Source:
    """Return `ss` on a host as the source of values that its lines show."""
    lines = dict.fromkeys(Reference(host=host, line=socket.line) for socket in sockets)
    return Source(Message(N_("ss on {host}"), {"host": host}), frozenset(values), tuple(lines))


def _of_capture(capture: str) -> Message:
    return Message(N_("capture {capture}"), {"capture": capture})


def _by_sockets(context: Context, meetings: list[Meeting], pick: Pick) -> Iterator[Source]:
    """Yield `ss` on each host that has a socket which shares an end with a meeting."""
    ends = [*_ends_on_clients(context, meetings), *_ends_on_servers(context, meetings)]
    values = [(socket, value) for socket, seen in ends if (value := pick(seen))]
    for host, group in _group((socket.host, (socket, value)) for socket, value in values).items():
        yield by_lines(host, (value for _, value in group), (socket for socket, _ in group))


def _ends_on_clients(context: Context, meetings: list[Meeting]) -> Iterator[tuple[Socket, Ends]]:
    for ends in (meeting.ends for meeting in meetings):
        alike = _list_alike(context.sockets(context.host_at(ends.client.address)), ends)
        for socket in (each for each in alike if each.open_to_all):
            if ends.transport == "udp" and socket.serves(ends.client):
                yield socket, Ends("udp", ends.client, NOWHERE)
        yield from _choose([(each, Ends(each.transport, each.local, each.peer)) for each in alike], ends)


def _ends_on_servers(context: Context, meetings: list[Meeting]) -> Iterator[tuple[Socket, Ends]]:
    for ends in (meeting.ends for meeting in meetings):
        alike = _list_alike(context.sockets(context.host_at(ends.server.address)), ends)
        for socket in (each for each in alike if each.open_to_all):
            if socket.serves(ends.server):
                yield socket, Ends(socket.transport, NOWHERE, ends.server)
        yield from _choose([(each, Ends(each.transport, each.peer, each.local)) for each in alike], ends)


def _list_alike(seen: Iterable[Socket], ends: Ends) -> list[Socket]:
    """Return the sockets of a meeting's transport: a port of TCP and one of UDP are equal by chance alone."""
    return [socket for socket in seen if socket.transport == ends.transport]


def _choose(connected: Sequence[tuple[Socket, Ends]], ends: Ends) -> list[tuple[Socket, Ends]]:
    """Return the sockets that join the two ends of a meeting; if there are none, those with another end.

    A kernel gives a local port again for another server. So a socket with another end counts only where the
    kernel showed none with both.
    """
    own = [(socket, each) for socket, each in connected if not socket.open_to_all]
    return [pair for pair in own if pair[1] == ends] or [pair for pair in own if _is_near(pair[1], ends)]


def _is_near(found: Ends, ends: Ends) -> bool:
    """Tell whether a socket would join the two ends of a meeting if one of them were another.

    A socket of UDP with another server is of another program: most are gone before `ss` shows them.
    """
    if found.server == ends.server:
        return found.client.address == ends.client.address
    return found.client == ends.client and ends.transport == "tcp"


def _group(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups
