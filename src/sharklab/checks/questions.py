"""Every question that a lab may ask, each with the sources of its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sharklab.checks.context import Context
from sharklab.checks.focus import find_focus
from sharklab.checks.kind import Need
from sharklab.checks.outcome import Reference
from sharklab.checks.question import End, Source, Value, question
from sharklab.checks.scans import scan_of
from sharklab.checks.sources import (
    by_capture,
    by_dns_client,
    by_lines,
    by_meetings,
    by_plan,
    by_probe,
    conversation,
    dns_exchanges,
    nfs_calls,
)
from sharklab.evidence.scans import read_scan
from sharklab.message import N_


def _port(context: Context) -> str:
    """Return the port of the exercise's conversation, or nothing when lab.yml gives none."""
    wanted = context.exercise.conversation
    return str(wanted.port) if wanted and wanted.port else ""


@question("server_address", N_("IP address of the server"), Value.ADDRESS, end=End.SERVER)
def server_address(context: Context) -> Iterator[Source]:
    """Yield the sources that know the address of the conversation's server."""
    yield from by_meetings(context, conversation(context), lambda ends: ends.server.address)
    yield by_plan(*context.addresses(context.server))


@question("server_port", N_("Port of the server"), Value.PORT, end=End.SERVER)
def server_port(context: Context) -> Iterator[Source]:
    """Yield the sources that know the port of the conversation's server."""
    yield from by_meetings(context, conversation(context), lambda ends: str(ends.server.port or ""))
    yield by_plan(_port(context))


@question("client_address", N_("IP address of the client"), Value.ADDRESS, end=End.CLIENT)
def client_address(context: Context) -> Iterator[Source]:
    """Yield the sources that know the address of the conversation's client."""
    yield from by_meetings(context, conversation(context), lambda ends: ends.client.address)
    yield by_plan(*context.addresses(context.client))


@question("local_port", N_("Local port of the client"), Value.PORT, end=End.CLIENT)
def local_port(context: Context) -> Iterator[Source]:
    """Yield the sources that know the port of the conversation's client, which no plan knows."""
    yield from by_meetings(context, conversation(context), lambda ends: str(ends.client.port or ""))


@question("transport", N_("TCP or UDP"), Value.TRANSPORT)
def transport(context: Context) -> Iterator[Source]:
    """Yield the sources that know the transport of the conversation."""
    yield from by_meetings(context, conversation(context), lambda ends: ends.transport.upper())
    wanted = context.exercise.conversation
    yield by_plan(wanted.transport.upper() if wanted else "")


@question(
    "dns_server_address",
    N_("IP address of the DNS server"),
    Value.ADDRESS,
    Need.REPLY,
    Need.CONTENTS,
    end=End.SERVER,
)
def dns_server_address(context: Context) -> Iterator[Source]:
    """Yield the sources that know the address of the DNS server that answered."""
    yield from by_meetings(context, dns_exchanges(context), lambda ends: ends.server.address)
    yield from by_dns_client(context, "address")
    yield by_plan(*context.addresses(context.server))


@question(
    "dns_server_port", N_("Port of the DNS server"), Value.PORT, Need.REPLY, Need.CONTENTS, end=End.SERVER
)
def dns_server_port(context: Context) -> Iterator[Source]:
    """Yield the sources that know the port of the DNS server that answered."""
    yield from by_meetings(context, dns_exchanges(context), lambda ends: str(ends.server.port or ""))
    yield from by_dns_client(context, "port")
    yield by_plan(_port(context))


@question(
    "nfs_server_address", N_("IP address of the NFS server"), Value.ADDRESS, Need.CONTENTS, end=End.SERVER
)
def nfs_server_address(context: Context) -> Iterator[Source]:
    """Yield the sources that know the address of the NFS server."""
    yield from by_meetings(context, nfs_calls(context), lambda ends: ends.server.address)
    yield by_plan(*context.addresses(context.server))


@question("nfs_port", N_("Port of the NFS server"), Value.PORT, Need.CONTENTS, end=End.SERVER)
def nfs_port(context: Context) -> Iterator[Source]:
    """Yield the sources that know the port of the NFS server."""
    yield from by_meetings(context, nfs_calls(context), lambda ends: str(ends.server.port or ""))
    yield by_plan(_port(context))


@question("client_sequence", N_("Initial sequence number of the client (absolute)"), Value.NUMBER)
def client_sequence(context: Context) -> Iterator[Source]:
    """Yield the capture with the client's initial sequence number, as it is on the wire."""
    focus = find_focus(context)
    if focus and focus.conversation.transport == "tcp":
        syn = focus.conversation.packets[0]
        yield by_capture(focus.refer(syn)[0], str(focus.conversation.client_start))


@question("client_bytes", N_("Bytes of data that the client sends"), Value.BYTES)
def client_bytes(context: Context) -> Iterator[Source]:
    """Yield the capture with the number of bytes that the client sent, each counted once."""
    focus = find_focus(context)
    if focus:
        talk = focus.conversation
        mine = [n for n in talk.data_packets if focus.facts.packet(n).source == talk.client]
        yield by_capture(focus.refer(*mine)[0], str(talk.client_bytes))


@question("service", N_("Service behind the port"), Value.PROTOCOL, Need.CONTENTS)
def service(context: Context) -> Iterator[Source]:
    """Yield the capture with the protocol that tshark recognizes first in the data, on whatever port."""
    focus = find_focus(context)
    if focus is None:
        return
    for number in focus.conversation.data_packets:
        packet = focus.facts.packet(number)
        if packet.protocol.upper() != focus.conversation.transport.upper():
            yield by_capture(focus.refer(number)[0], packet.protocol)
            return


@question("busiest", N_("Capture with the most packets"), Value.CAPTURE)
def busiest(context: Context) -> Iterator[Source]:
    """Yield the capture that holds the most packets."""
    if context.facts:
        name = max(context.facts, key=lambda name: len(context.facts[name].packets))
        yield by_capture(Reference(capture=name), name)


@question("open_ports", N_("Open TCP ports"), Value.PORTS)
def open_ports(context: Context) -> Iterator[Source]:
    """Yield the server's open TCP ports as each capture shows them, and as nmap says in a probe's XML."""
    for name, facts in context.facts.items():
        scan = scan_of(context, facts)
        if scan.asked:
            packets = tuple(sorted(scan.accepted.values()))
            yield by_capture(Reference(capture=name, packets=packets), _join_ports(scan.accepted))
    for probe in context.exercise.probes:
        result = context.probe(probe.id)
        try:
            ports = read_scan(result.stdout) if result else ()
        except ValueError:
            continue
        if ports:
            servers = context.addresses(context.server)
            opened = [
                port.port
                for port in ports
                if port.address in servers and (port.transport, port.state) == ("tcp", "open")
            ]
            yield by_probe(probe.id, probe.host, frozenset({_join_ports(opened)}))


def _join_ports(ports: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


@question("process", N_("Program behind the port"), Value.PROGRAM, of_server=True)
def process(context: Context) -> Iterator[Source]:
    """Yield the program behind the exercise's port, as `ss` on the server names it."""
    wanted = context.exercise.conversation
    if wanted is None:
        return
    waiting = [
        socket
        for socket in context.sockets(context.server)
        if socket.open_to_all
        and socket.process
        and (socket.transport, socket.local.port) == (wanted.transport or "tcp", wanted.port)
    ]
    yield by_lines(context.server, (each.process.partition(" ")[0] for each in waiting), waiting)
