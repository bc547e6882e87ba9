"""Checks of what captures show of many ports or many servers at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from sharklab.checks.context import Context, Talk
from sharklab.checks.focus import candidates
from sharklab.checks.kind import (
    CAPTURE,
    COUNT,
    PORT,
    PORTS,
    TEXT,
    TEXTS,
    Claim,
    Params,
    Rests,
    by_port,
    check,
    parameters,
)
from sharklab.checks.neighbours import ECHO_REQUESTS, QUESTION
from sharklab.checks.outcome import Finding, Reference, Status, Table, TableLine
from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.model import Facts, Flow, Packet
from sharklab.message import N_, NN_, Message


@dataclass(frozen=True)
class Scan:
    """A TCP scan as a capture has it: the packet that looks for the host first (0: none), and the ports.

    `asked` are all ports that got a SYN; of these `accepted` answered SYN/ACK, `reset` RST, `refused` an ICMP
    error, each with the packet that says so.
    """

    look: int
    asked: frozenset[int]
    accepted: Mapping[int, int]
    reset: Mapping[int, int]
    refused: Mapping[int, int]

    @property
    def silent(self) -> frozenset[int]:
        """Ports that answered nothing."""
        return self.asked - self.accepted.keys() - self.reset.keys() - self.refused.keys()


def scan_of(context: Context, facts: Facts) -> Scan:
    """Return the scan of the exercise's server by its client that a capture shows."""
    clients, servers = context.addresses(context.client), context.addresses(context.server)
    asking = [p for p in facts.packets if p.source.address in clients and p.destination.address in servers]
    answers = [p for p in facts.packets if p.source.address in servers and p.transport == "tcp"]
    knocks = [packet for packet in asking if tcp.is_syn(packet)]
    first = knocks[0].number if knocks else len(facts.packets) + 1
    accepted = {p.source.port: p.number for p in reversed(answers) if tcp.is_syn_ack(p)}
    reset = {p.source.port: p.number for p in reversed(answers) if "RST" in p.flags}
    return Scan(
        look=next((p.number for p in asking if p.number < first and _looks(p)), 0),
        asked=frozenset(packet.destination.port for packet in knocks),
        accepted=accepted,
        reset={port: number for port, number in reset.items() if port not in accepted},
        refused=dict(_find_refused(facts, knocks)),
    )


def _looks(packet: Packet) -> bool:
    """Tell whether a packet asks who has an address (ARP) or whether somebody is there (echo)."""
    asks = packet.transport == "arp" and packet.info.startswith(QUESTION)
    return asks or bool(packet.icmp and packet.icmp.type in ECHO_REQUESTS)


def _find_refused(facts: Facts, knocks: Iterable[Packet]) -> Iterator[tuple[int, int]]:
    """Yield each port of which an ICMP error is about one of the `knocks`, with the packet of the error."""
    flows = {Flow("tcp", packet.source, packet.destination) for packet in knocks}
    for packet in reversed(facts.packets):
        about = packet.icmp.about if packet.icmp else None
        if about and about in flows:
            yield about.destination.port, packet.number


@check(
    "scan",
    Rests.HEADERS,
    N_("Scan in the capture {capture}"),
    N_("SYNs to many ports ({ports} or more), and the open ones accept"),
    params=parameters("capture", "ports", capture=CAPTURE, ports=COUNT, open=PORTS, look={"type": "boolean"}),
    claim=Claim.WHOLE,
)
def scan(context: Context, params: Params) -> Finding:
    """The capture `capture` shows SYNs to at least `ports` ports of the server.

    With `open`, only these ports accept. An ARP question or a ping for the server comes before the SYNs,
    unless `look` is false.
    """
    name = params["capture"]
    facts = context.facts.get(name)
    if facts is None:
        return Finding(Status.INCONCLUSIVE, Message(N_("The run left no capture {capture}."), params))
    seen = scan_of(context, facts)
    accepted = sorted(seen.accepted)
    right = len(seen.asked) >= params["ports"] and accepted == sorted(params.get("open", accepted))
    values = {"look": seen.look, "count": len(seen.asked), "open": accepted or "-"}
    if not params.get("look", True):
        text = NN_(
            "{count} port gets a SYN; SYN/ACK from: {open}.", "{count} ports get a SYN; SYN/ACK from: {open}."
        )
    elif seen.look:
        text = NN_(
            "Packet {look} looks for the host, then {count} port gets a SYN; SYN/ACK from: {open}.",
            "Packet {look} looks for the host, then {count} ports get a SYN; SYN/ACK from: {open}.",
        )
    else:
        text = NN_(
            "No packet looks for the host before the SYN to {count} port; SYN/ACK from: {open}.",
            "No packet looks for the host before the SYNs to {count} ports; SYN/ACK from: {open}.",
        )
        right = False
    packets = sorted({*([seen.look] if seen.look else ()), *seen.accepted.values()})
    evidence = (Reference(capture=name, packets=tuple(packets)),)
    return Finding(Status.of(right), Message(text, values), evidence, _table(name, seen))


def _table(name: str, seen: Scan) -> Table:
    """Return a table of the ports by their answers."""
    kinds = (
        (N_("SYN/ACK"), N_("open"), seen.accepted),
        (N_("RST"), N_("closed"), seen.reset),
        (N_("an ICMP error"), N_("filtered"), seen.refused),
        (N_("nothing"), N_("filtered"), seen.silent),
    )
    entries = (
        (Message(answer), Message(state), _number(len(ports)), Message(spans(ports) or "-"))
        for answer, state, ports in kinds
    )
    columns = (N_("Answer to the SYN"), N_("The port is"), N_("How many"), N_("Ports"))
    title = Message(N_("The scan in the capture {capture}"), {"capture": name})
    return Table(title, tuple(map(Message, columns)), tuple(map(TableLine, entries)))


def _number(count: int) -> Message:
    return Message("{count}", {"count": count})


def spans(ports: Iterable[int]) -> str:
    """Return ports in short, for example 21-23, 80."""
    runs = (
        [port for _, port in run]
        for _, run in groupby(enumerate(sorted(ports)), key=lambda pair: pair[1] - pair[0])
    )
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


@check(
    "protocols",
    Rests.CONTENTS,
    N_("Protocols of the services"),
    N_("the expected protocol on each port"),
    params=parameters("ports", ports=by_port(TEXT)),
)
def protocols(context: Context, params: Params) -> Finding:
    """Each of the `ports` (`22/tcp: SSH`) has a conversation whose data tshark takes for this protocol."""
    talks = candidates(context)
    seen = {name: _find_protocol(context, talks, name, wanted) for name, wanted in params["ports"].items()}
    entries = tuple(_spoken_entry(context, name, params["ports"][name], each) for name, each in seen.items())
    lacking = [name for name, each in seen.items() if each is None]
    values = {"count": len(seen) - len(lacking), "lacking": lacking}
    text = (
        N_("Ports with the expected protocol: {count}; other ports: {lacking}.")
        if lacking
        else N_("Ports with the expected protocol: {count}.")
    )
    columns = (N_("Port"), N_("Process on the server (ss)"), N_("Protocol (tshark)"), N_("Packet"))
    table = Table(Message(N_("Services and their protocols")), tuple(map(Message, columns)), entries)
    spoken = [each for each in seen.values() if each]
    return Finding(Status.of(not lacking), Message(text, values), tuple(_by_capture(spoken)), table)


Spoken = tuple[str, Packet]
"""The id of a capture, and a packet of data."""


def _find_protocol(context: Context, talks: Iterable[Talk], port: str, protocol: str) -> Spoken | None:
    """Return the first packet of data of the server's `port` that tshark calls `protocol`, or None."""
    for capture, talk in talks:
        if f"{talk.server.port}/{talk.transport}" == port:
            for number in talk.data_packets:
                packet = context.facts[capture].packet(number)
                if packet.protocol.upper().startswith(protocol.upper()):
                    return capture, packet
    return None


def _spoken_entry(context: Context, port: str, wanted: str, spoken: Spoken | None) -> TableLine:
    number, _, transport = port.partition("/")
    processes = {
        socket.process.partition(" ")[0]
        for socket in context.sockets(context.server)
        if socket.open_to_all and (socket.transport, socket.local.port) == (transport, int(number))
    }
    said = Message(f"{spoken[1].protocol}" if spoken else "-")
    where = Message(f"{spoken[0]} #{spoken[1].number}" if spoken else "-")
    process = Message(", ".join(sorted(processes)) or "-")
    return TableLine((Message(port), process, said, where), right=spoken is not None)


def _by_capture(spoken: Iterable[Spoken]) -> Iterator[Reference]:
    by_name: dict[str, list[int]] = {}
    for capture, packet in spoken:
        by_name.setdefault(capture, []).append(packet.number)
    for capture, numbers in by_name.items():
        yield Reference(capture=capture, packets=tuple(sorted(numbers)))


@check(
    "one_client",
    Rests.HEADERS,
    N_("One client, many servers (port {port})"),
    N_("one host asks, and these answer: {servers}"),
    params=parameters("port", "servers", port=PORT, servers=TEXTS),
    claim=Claim.WHOLE,
)
def one_client(context: Context, params: Params) -> Finding:
    """One client asks, and each of the `servers` answers from `port`."""
    talks = [
        (capture, talk)
        for capture, facts in context.facts.items()
        for talk in facts.conversations
        if talk.server.port == params["port"]
        and any(facts.packet(number).source == talk.server for number in talk.packets)
    ]
    clients = sorted({context.host_at(talk.client.address) or talk.client.address for _, talk in talks})
    servers = sorted({context.host_at(talk.server.address) or talk.server.address for _, talk in talks})
    text = N_("Clients: {clients}; servers that answer from port {port}: {servers}.")
    values = {"clients": clients or "-", "servers": servers or "-", "port": params["port"]}
    evidence = tuple(Reference(capture=capture, packets=talk.packets) for capture, talk in talks)
    right = len(clients) == 1 and servers == sorted(params["servers"])
    return Finding(Status.of(right), Message(text, values), evidence)
