"""Every check that a lab may ask for: its parameters, its function, and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sharklab.checks import (
    captured,
    dns,
    families,
    firewall,
    known,
    local,
    matrix,
    neighbours,
    nfs,
    packets,
    probes,
    scanned,
    sockets,
    unseen,
    views,
    words,
)
from sharklab.checks.context import Context
from sharklab.checks.outcome import N_, Finding

Schema = Mapping[str, Any]


class Rests(StrEnum):
    """What a check looks at, and so what it cannot do without."""

    PROBES = "probes"
    STATE = "state of hosts"
    HEADERS = "headers of captured packets"
    CONTENTS = "contents of captured packets"


@dataclass(frozen=True)
class Kind:
    """A check: JSON schema of its parameters, function, what it rests on, and msgids.

    `title` and `expected` may use the required parameters. `denies` marks a check that something
    is absent: it passes only on evidence that is whole. `recorded` marks one that looks at what only a run
    records. `look` says where to look when it failed, without giving anything away.
    """

    params: Schema
    function: Callable[[Context, Mapping[str, Any]], Finding]
    rests: Rests
    title: str
    expected: str = ""
    denies: bool = False
    recorded: bool = False
    look: str = ""

    @property
    def live(self) -> bool:
        """True when it looks at what only a run records: nobody can hand that in."""
        return self.recorded or self.rests is Rests.PROBES


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "items": _TEXT, "minItems": 1, "uniqueItems": True}
_ANY_TEXTS: Schema = {"type": "array", "items": _TEXT, "uniqueItems": True}
_WAY: Schema = {"enum": list(families.WAYS)}
_WAYS: Schema = {"anyOf": [_WAY, {"type": "array", "items": _WAY, "minItems": 1, "uniqueItems": True}]}
_PATTERN: Schema = {"type": "string", "pattern": rf"^({'|'.join(words.PATTERNS)})( \d+/\d+)?$"}
_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
_PORTS: Schema = {"type": "array", "items": _PORT, "uniqueItems": True}


def _by_port(value: Schema) -> Schema:
    """Return the schema of a mapping from ports (22/tcp) to values."""
    names = {"pattern": r"^\d+/(tcp|udp)$"}
    return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": value}


_NONE = _object()

KINDS: Mapping[str, Kind] = {
    "probes": Kind(
        _NONE, probes.probes, Rests.PROBES, N_("Commands"), N_("each ends with an expected exit code")
    ),
    "output": Kind(
        _object(("probe", "contains"), probe=_TEXT, contains={"anyOf": [_TEXT, _TEXTS]}),
        probes.output,
        Rests.PROBES,
        N_("Output of {probe}"),
        N_("it contains: {contains}"),
    ),
    "firewall": Kind(
        _object(
            ("runtime", "permanent"),
            runtime=_TEXT,
            permanent=_TEXT,
            **{name.replace("-", "_").replace(" ", "_"): _ANY_TEXTS for name in firewall.OPENINGS},
        ),
        firewall.firewall,
        Rests.PROBES,
        N_("Firewall ({runtime})"),
        N_("only what is meant is open, in force and permanently"),
        denies=True,
    ),
    "handshake": Kind(
        _NONE,
        packets.handshake,
        Rests.HEADERS,
        N_("TCP handshake"),
        N_("SYN, SYN/ACK, ACK"),
        look=N_("Begin to record before the connection begins: SYN, SYN/ACK and ACK are its first packets."),
    ),
    "traffic": Kind(
        _NONE,
        packets.traffic,
        Rests.HEADERS,
        N_("Traffic"),
        N_("data both ways between opening and closing"),
        look=N_("Record from before the connection until both sides have sent data."),
    ),
    "fin": Kind(
        _NONE,
        packets.fin,
        Rests.HEADERS,
        N_("End of the connection"),
        N_("FIN and ACK from each side"),
        look=N_("Leave the program as it should be left, and end the capture only afterwards."),
    ),
    "udp_exchange": Kind(
        _NONE,
        packets.udp_exchange,
        Rests.HEADERS,
        N_("UDP exchange"),
        N_("datagrams both ways"),
        look=N_("Look who sends datagrams to whom; without an answer it is no exchange."),
    ),
    "transport": Kind(
        _object(("value",), value={"enum": ["tcp", "udp"]}),
        packets.transport,
        Rests.HEADERS,
        N_("Transport"),
        "{value}",
        look=N_("Look which protocol the packets name after IP."),
    ),
    "sockets": Kind(
        _NONE,
        sockets.sockets,
        Rests.HEADERS,
        N_("Sockets (ss)"),
        N_("the same conversation on both hosts"),
        recorded=True,
    ),
    "dns": Kind(
        _object(("types",), types=_TEXTS, name=_TEXT, rcode=_TEXT),
        dns.dns,
        Rests.CONTENTS,
        N_("DNS questions"),
        N_("asked and answered: {types}"),
        look=N_("Ask again for each of the types while you record, by the name that your brief gives."),
    ),
    "nfs": Kind(
        _object(("operations",), operations=_TEXTS),
        nfs.nfs,
        Rests.CONTENTS,
        N_("NFS operations"),
        N_("done: {operations}"),
        look=N_(
            "Do all that is asked in the shared folder while you record; in Wireshark the filter is nfs."
        ),
    ),
    "nfs_status": Kind(
        _object(("status",), status=_TEXT, operation=_TEXT, name=_TEXT),
        nfs.nfs_status,
        Rests.CONTENTS,
        N_("NFS answer {status}"),
        look=N_("Do what makes the server answer so while you record; in Wireshark the filter is nfs."),
    ),
    "token": Kind(
        _NONE,
        packets.token,
        Rests.CONTENTS,
        N_("The seat's token on the wire"),
        look=N_("Use the names of your own seat, which hold the token, and record whole packets."),
    ),
    "clean": Kind(
        _NONE,
        packets.clean,
        Rests.HEADERS,
        N_("Clean capture"),
        N_("nothing but the exercise's conversation"),
        denies=True,
        look=N_("Record with a filter that lets through only what the exercise is about."),
    ),
    "unseen": Kind(
        _object(("capture",), capture=_TEXT),
        unseen.unseen,
        Rests.HEADERS,
        N_("Capture {capture}"),
        N_("no packet"),
        denies=True,
        look=N_("Look at where these packets come from: nothing should arrive there."),
    ),
    "knock": Kind(
        _object(("capture", "packets"), capture=_TEXT, packets=_PATTERN),
        captured.knock,
        Rests.HEADERS,
        N_("Packets of the capture {capture}"),
        denies=True,
        look=N_("Look at the first packet of each side, and at who falls silent."),
    ),
    "zero_reply": Kind(
        _NONE,
        captured.zero_reply,
        Rests.HEADERS,
        N_("Reply of size zero"),
        N_("data, and FIN for an answer"),
        look=N_("Look who sends data, and who sends the first FIN."),
    ),
    "snapped": Kind(
        _object(("capture", "whole"), capture=_TEXT, whole=_TEXT),
        captured.snapped,
        Rests.HEADERS,
        N_("Same traffic in {capture} and {whole}"),
        N_("{capture} lost what {whole} has"),
        look=N_("Record the same exchange twice at once, whole and cut with -s."),
    ),
    "costlier": Kind(
        _object(("capture", "than"), capture=_TEXT, than=_TEXT),
        captured.costlier,
        Rests.HEADERS,
        N_("Cost of {capture}"),
        N_("more packets than {than}"),
        look=N_("Count the packets of both captures and compare."),
    ),
    "hidden": Kind(
        _NONE,
        unseen.hidden,
        Rests.CONTENTS,
        N_("The seat's token"),
        N_("hidden from who listens"),
        denies=True,
        look=N_("Search the capture for the token: tcpdump -Anr."),
    ),
    "echo": Kind(
        _object(("requests",), requests={"type": "integer", "minimum": 1}),
        neighbours.echo,
        Rests.HEADERS,
        N_("Echo (ping)"),
        N_("requests, each with its reply: {requests}"),
        look=N_("Count the echo requests and the replies to them."),
    ),
    "arp": Kind(
        _object(("address",), address=_TEXT),
        neighbours.arp,
        Rests.HEADERS,
        N_("ARP for {address}"),
        N_("a question and its answer"),
        look=N_("Ask while the machine does not know the address yet (ip neigh flush), and record arp."),
    ),
    "no_arp": Kind(
        _object(("address",), address=_TEXT),
        neighbours.no_arp,
        Rests.HEADERS,
        N_("ARP for {address}"),
        N_("questions and no answer"),
        denies=True,
        look=N_("Ask while the machine does not know the address yet (ip neigh flush), and record arp."),
    ),
    "families": Kind(
        _object(("port", "way"), port={"type": "integer", "minimum": 1, "maximum": 65535}, way=_WAYS),
        families.families,
        Rests.HEADERS,
        N_("IPv6 and IPv4 (port {port})"),
        look=N_("Look at the first SYN to each address, and at the time between them."),
    ),
    "cell": Kind(
        _object(("tool", "state"), tool=_TEXT, state={"enum": list(words.STATES)}),
        matrix.cell,
        Rests.HEADERS,
        N_("Packets of {tool}"),
        denies=True,
        look=N_("Try the tool again on its port while you record, and look at the first answer."),
    ),
    "listeners": Kind(
        _object(("probes", "ports"), probes=_TEXTS, ports={**_PORTS, "minItems": 1}),
        local.listeners,
        Rests.PROBES,
        N_("Who listens"),
        N_("each port with its process, by {probes}"),
    ),
    "local_range": Kind(
        _object(("range", "chosen"), range=_TEXT, chosen=_TEXT),
        local.local_range,
        Rests.PROBES,
        N_("Ports that the kernel gives"),
        N_("in the range that it names"),
    ),
    "unix_socket": Kind(
        _object(("path", "find", "list", "file"), path=_TEXT, find=_TEXT, list=_TEXT, file=_TEXT),
        local.unix_socket,
        Rests.PROBES,
        N_("UNIX socket {path}"),
        N_("a socket for find, ls and file"),
    ),
    "services": Kind(
        _object(("reference",), reference=_TEXT),
        known.services,
        Rests.PROBES,
        N_("Services to know"),
        N_("as in /etc/services, or a reason why not"),
    ),
    "views": Kind(
        _object(
            ("outside", "zone", "ports"),
            outside=_TEXT,
            zone=_TEXT,
            ports=_by_port({"enum": ["open", "closed", "filtered", "open|filtered"]}),
        ),
        views.views,
        Rests.PROBES,
        N_("Inside and outside"),
        N_("each port as expected, and the inside explains the outside"),
    ),
    "scan": Kind(
        _object(("capture", "ports"), capture=_TEXT, ports={"type": "integer", "minimum": 1}, open=_PORTS),
        scanned.scan,
        Rests.HEADERS,
        N_("Scan in the capture {capture}"),
        N_("first a look for the host, then SYNs to many ports ({ports} or more); the open ones accept"),
        denies=True,
    ),
    "protocols": Kind(
        _object(("ports",), ports=_by_port(_TEXT)),
        scanned.protocols,
        Rests.CONTENTS,
        N_("Services that speak"),
        N_("on each port its own protocol"),
    ),
    "one_client": Kind(
        _object(("port", "servers"), port=_PORT, servers=_TEXTS),
        scanned.one_client,
        Rests.HEADERS,
        N_("One client, many servers (port {port})"),
        N_("one host asks, and these answer: {servers}"),
        denies=True,
    ),
}
"""Every check by the name that lab.yml uses."""
