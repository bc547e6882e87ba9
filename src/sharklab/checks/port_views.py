"""The check that a host's own view of its ports and a neighbour's view, by nmap, explain one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sharklab.checks import phrases
from sharklab.checks.context import Context
from sharklab.checks.host_rules import read_zone
from sharklab.checks.kind import PROBE, Params, Rests, by_port, check, parameters
from sharklab.checks.openings import Zone
from sharklab.checks.outcome import Finding, Reference, Status, Table, TableLine
from sharklab.checks.rules import LET_IN, FirstPacket, by_zone
from sharklab.evidence.packets.knocks import Knock, knock
from sharklab.evidence.packets.model import Endpoint
from sharklab.evidence.scans import Scanned, read_scan
from sharklab.evidence.sockets import Socket
from sharklab.message import N_, Message

LET, REFUSED, DROPPED = N_("lets in"), N_("refuses"), N_("drops")
"""The answers of a firewall to a client."""


@dataclass(frozen=True)
class View:
    """One port: the socket that waits there, what the firewall does, and what nmap and the wire say.

    `reached` tells whether a packet from outside gets to that socket once it is let in.
    """

    name: str
    wanted: str
    socket: Socket | None
    reached: bool
    states: frozenset[str]
    scanned: Scanned | None
    knock: Knock

    @property
    def outside(self) -> frozenset[str]:
        """The possible verdicts of nmap on such a port; empty if the firewall's part is unknown."""
        if not self.states:
            return frozenset()
        if self.states != LET_IN:
            return frozenset({"filtered"})
        if not self.reached:
            return frozenset({"closed"})
        return frozenset({"open", "open|filtered"} if self.name.endswith("/udp") else {"open"})

    @property
    def right(self) -> bool:
        """True when nmap says what the lab expects and what the inside explains."""
        return self.scanned is not None and self.scanned.state in self.outside & {self.wanted}

    @property
    def why(self) -> Message:
        """The reason for the outside view, or that the record of the firewall tells none."""
        if not self.states:
            return Message(N_("The record of the firewall was not readable: its part is unknown."))
        if self.states != LET_IN:
            text = (
                N_("A program listens, and the firewall lets no packet through.")
                if self.socket
                else N_("No program listens, and the firewall lets no packet through.")
            )
            return Message(text)
        if self.socket and not self.reached:
            text = N_("A program listens on {address} alone, and on no other address.")
            return Message(text, {"address": self.socket.local.address})
        if not self.socket:
            return Message(N_("The firewall lets packets in, but no program listens: the kernel refuses."))
        if self.scanned and self.scanned.state == "open|filtered":
            return Message(N_("A program listens and never answers: a dropped packet looks the same."))
        return Message(N_("A program listens, and the firewall lets packets in."))


@check(
    "views",
    Rests.PROBES,
    N_("Inside and outside"),
    N_("each port as expected, and the inside explains the outside"),
    params=parameters(
        "outside",
        "zone",
        "ports",
        outside=PROBE,
        zone=PROBE,
        ports=by_port({"enum": ["open", "closed", "filtered", "open|filtered"]}),
    ),
)
def views(context: Context, params: Params) -> Finding:
    """nmap finds each of the `ports` (`22/tcp: open`) in its state, and the server itself explains why.

    `outside` is a probe that prints nmap's XML, `zone` a probe of `firewall-cmd --list-all`; the server's
    sockets come from the run's own record.
    """
    results = [context.probe(params[name]) for name in ("outside", "zone")]
    evidence = tuple(Reference(probe=result.id, host=result.host) for result in results if result)
    scan, zone = (result.stdout if result and not result.truncated else "" for result in results)
    try:
        ports = list(_views(context, params, read_scan(scan), read_zone(zone)))
    except ValueError:
        text = N_("{probe} did not print the XML of nmap.")
        return Finding(Status.INCONCLUSIVE, Message(text, {"probe": params["outside"]}), evidence)
    wrong = [each.name for each in ports if not each.right]
    values = {"count": len(ports) - len(wrong), "wrong": wrong}
    text = (
        N_("Ports whose inside explains the outside: {count}; other ports: {wrong}.")
        if wrong
        else N_("Ports whose inside explains the outside: {count}.")
    )
    lines = dict.fromkeys(each.socket.line for each in ports if each.socket)
    evidence += tuple(Reference(host=context.server, line=line) for line in lines)
    status = Status.FAILED if wrong else Status.PASSED
    return Finding(status, Message(text, values), evidence, _table(ports))


def _views(context: Context, params: Params, scan: tuple[Scanned, ...], zone: Zone) -> Iterator[View]:
    servers = context.addresses(context.server)
    scanned = {each.name: each for each in scan if each.address in servers}
    addresses = {each.address for each in scanned.values()}
    for name, wanted in params["ports"].items():
        number, _, transport = name.partition("/")
        places = [Endpoint(address, int(number)) for address in addresses]
        socket = _socket(context, transport, int(number), places)
        reached = socket is not None and any(socket.serves(place) for place in places)
        states = by_zone(zone, FirstPacket("", transport, int(number))) if zone else frozenset[str]()
        knock = _knock(context, transport, places)
        yield View(name, wanted, socket, reached, states, scanned.get(name), knock)


def _socket(context: Context, transport: str, port: int, places: list[Endpoint]) -> Socket | None:
    """Return the socket that listens on the port, first of all one that packets to `places` reach."""
    waiting = [
        socket
        for socket in context.sockets(context.server)
        if socket.open_to_all and (socket.transport, socket.local.port) == (transport, port)
    ]
    reached = [socket for socket in waiting if any(map(socket.serves, places))]
    return next(iter([*reached, *waiting]), None)


def _knock(context: Context, transport: str, places: list[Endpoint]) -> Knock:
    """Return the packets of the port in a capture of the exercise."""
    tried = (
        knock(facts, transport, place.address, place.port)
        for facts in context.facts.values()
        for place in places
    )
    return next((found for found in tried if found.packets), Knock())


def _table(ports: list[View]) -> Table:
    columns = (N_("Port"), N_("Inside (ss)"), N_("Firewall"), N_("Outside (nmap)"), N_("Packets"), N_("Why"))
    entries = tuple(
        TableLine(
            (
                Message(each.name),
                _inside(each.socket),
                _firewall(each.states),
                _outside(each.scanned),
                phrases.pattern(each.knock.pattern),
                each.why,
            ),
            each.right,
        )
        for each in ports
    )
    return Table(Message(N_("Inside and outside, side by side")), tuple(map(Message, columns)), entries)


def _inside(socket: Socket | None) -> Message:
    if socket is None:
        return Message(N_("no program listens"))
    values = {"process": socket.process.partition(" ")[0] or "?", "local": str(socket.local)}
    return Message("{process}, {local}", values)


def _firewall(states: frozenset[str]) -> Message:
    if not states:
        return Message("?")
    return Message(LET if states == LET_IN else DROPPED if states == {"dropped"} else REFUSED)


def _outside(scanned: Scanned | None) -> Message:
    if scanned is None:
        return Message("?")
    values = {"state": scanned.state, "reason": scanned.reason, "service": scanned.service}
    return Message("{state} ({reason}), {service}" if scanned.service else "{state} ({reason})", values)
