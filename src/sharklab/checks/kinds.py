"""Every check that a lab may ask for: its parameters, its function, and its words."""

from __future__ import annotations

from collections.abc import Mapping

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
    phrases,
    probes,
    scanned,
    sockets,
    unseen,
    views,
)
from sharklab.checks.kind import ANY_TEXTS, PORT, TEXT, TEXTS, Kind, Rests, Schema, parameters
from sharklab.checks.kinds_of_conversations import KINDS_OF_CONVERSATIONS
from sharklab.checks.kinds_of_hosts import KINDS_OF_HOSTS
from sharklab.message import (
    N_,
)

_WAY: Schema = {"enum": list(families.WAYS)}
_WAYS: Schema = {"anyOf": [_WAY, {"type": "array", "items": _WAY, "minItems": 1, "uniqueItems": True}]}
_PATTERN: Schema = {"type": "string", "pattern": rf"^({'|'.join(phrases.PATTERNS)})( \d+/\d+)?$"}
_PORTS: Schema = {"type": "array", "items": PORT, "uniqueItems": True}


def _by_port(value: Schema) -> Schema:
    """Return the schema of a mapping from ports (22/tcp) to values."""
    names = {"pattern": r"^\d+/(tcp|udp)$"}
    return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": value}


_NONE = parameters()

KINDS: Mapping[str, Kind] = {
    "probes": Kind(
        _NONE, probes.probes, Rests.PROBES, N_("Commands"), N_("each ends with an expected exit code")
    ),
    "output": Kind(
        parameters(("probe", "contains"), probe=TEXT, contains={"anyOf": [TEXT, TEXTS]}),
        probes.output,
        Rests.PROBES,
        N_("Output of {probe}"),
        N_("it contains: {contains}"),
    ),
    "firewall": Kind(
        parameters(
            ("runtime", "permanent"),
            runtime=TEXT,
            permanent=TEXT,
            **{name.replace("-", "_").replace(" ", "_"): ANY_TEXTS for name in firewall.OPENINGS},
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
        parameters(("value",), value={"enum": ["tcp", "udp"]}),
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
        parameters(("types",), types=TEXTS, name=TEXT, rcode=TEXT),
        dns.dns,
        Rests.CONTENTS,
        N_("DNS questions"),
        N_("asked and answered: {types}"),
        look=N_("Ask again for each of the types while you record, by the name that your brief gives."),
    ),
    "nfs": Kind(
        parameters(("operations",), operations=TEXTS, name=TEXT),
        nfs.nfs,
        Rests.CONTENTS,
        N_("NFS operations"),
        N_("done: {operations}"),
        look=N_(
            "Do all that is asked in the shared folder while you record; in Wireshark the filter is nfs."
        ),
    ),
    "nfs_status": Kind(
        parameters(("status",), status=TEXT, operation=TEXT, name=TEXT),
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
        parameters(("capture",), capture=TEXT),
        unseen.unseen,
        Rests.HEADERS,
        N_("Capture {capture}"),
        N_("no packet"),
        denies=True,
        look=N_("Look at where these packets come from: nothing should arrive there."),
    ),
    "knock": Kind(
        parameters(("capture", "packets"), capture=TEXT, packets=_PATTERN),
        captured.knock,
        Rests.HEADERS,
        N_("Packets of the capture {capture}"),
        denies=True,
        look=N_("Look at the first packet of each side, and find the side that falls silent."),
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
        parameters(("capture", "whole"), capture=TEXT, whole=TEXT),
        captured.snapped,
        Rests.HEADERS,
        N_("Same traffic in {capture} and {whole}"),
        N_("{capture} lost what {whole} has"),
        look=N_("Record the same exchange twice at once, whole and cut with -s."),
    ),
    "costlier": Kind(
        parameters(("capture", "than"), capture=TEXT, than=TEXT),
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
        N_("hidden from a listener"),
        denies=True,
        look=N_("Search the capture for the token: tcpdump -Anr."),
    ),
    "echo": Kind(
        parameters(("requests",), requests={"type": "integer", "minimum": 1}),
        neighbours.echo,
        Rests.HEADERS,
        N_("Echo (ping)"),
        N_("requests, each with its reply: {requests}"),
        look=N_("Count the echo requests and the replies to them."),
    ),
    "arp": Kind(
        parameters(("address",), address=TEXT),
        neighbours.arp,
        Rests.HEADERS,
        N_("ARP for {address}"),
        N_("a question and its answer"),
        look=N_("Ask while the machine does not know the address yet (ip neigh flush), and record arp."),
    ),
    "no_arp": Kind(
        parameters(("address",), address=TEXT),
        neighbours.no_arp,
        Rests.HEADERS,
        N_("ARP for {address}"),
        N_("questions and no answer"),
        denies=True,
        look=N_("Ask while the machine does not know the address yet (ip neigh flush), and record arp."),
    ),
    "families": Kind(
        parameters(("port", "way"), port=PORT, way=_WAYS),
        families.families,
        Rests.HEADERS,
        N_("IPv6 and IPv4 (port {port})"),
        look=N_("Look at the first SYN to each address, and at the time between them."),
    ),
    "cell": Kind(
        parameters(("tool", "state"), tool=TEXT, state={"enum": list(phrases.STATES)}),
        matrix.cell,
        Rests.HEADERS,
        N_("Packets of {tool}"),
        denies=True,
        look=N_("Try the tool again on its port while you record, and look at the first answer."),
    ),
    "listeners": Kind(
        parameters(("probes", "ports"), probes=TEXTS, ports={**_PORTS, "minItems": 1}),
        local.listeners,
        Rests.PROBES,
        N_("Who listens"),
        N_("each port with its process, by {probes}"),
    ),
    "local_range": Kind(
        parameters(("range", "chosen"), range=TEXT, chosen=TEXT),
        local.local_range,
        Rests.PROBES,
        N_("Ports that the kernel gives"),
        N_("in the range that it names"),
    ),
    "unix_socket": Kind(
        parameters(("path", "find", "list", "file"), path=TEXT, find=TEXT, list=TEXT, file=TEXT),
        local.unix_socket,
        Rests.PROBES,
        N_("UNIX socket {path}"),
        N_("a socket for find, ls and file"),
    ),
    "services": Kind(
        parameters(("reference",), reference=TEXT),
        known.services,
        Rests.PROBES,
        N_("Services to know"),
        N_("as in /etc/services, or a reason why not"),
    ),
    "views": Kind(
        parameters(
            ("outside", "zone", "ports"),
            outside=TEXT,
            zone=TEXT,
            ports=_by_port({"enum": ["open", "closed", "filtered", "open|filtered"]}),
        ),
        views.views,
        Rests.PROBES,
        N_("Inside and outside"),
        N_("each port as expected, and the inside explains the outside"),
    ),
    "scan": Kind(
        parameters(
            ("capture", "ports"),
            capture=TEXT,
            ports={"type": "integer", "minimum": 1},
            open=_PORTS,
            look={"type": "boolean"},
        ),
        scanned.scan,
        Rests.HEADERS,
        N_("Scan in the capture {capture}"),
        N_("SYNs to many ports ({ports} or more), and the open ones accept"),
        denies=True,
    ),
    "protocols": Kind(
        parameters(("ports",), ports=_by_port(TEXT)),
        scanned.protocols,
        Rests.CONTENTS,
        N_("Services that speak"),
        N_("on each port its own protocol"),
    ),
    "one_client": Kind(
        parameters(("port", "servers"), port=PORT, servers=TEXTS),
        scanned.one_client,
        Rests.HEADERS,
        N_("One client, many servers (port {port})"),
        N_("one host asks, and these answer: {servers}"),
        denies=True,
    ),
    **KINDS_OF_CONVERSATIONS,
    **KINDS_OF_HOSTS,
}
"""Every check by the name that lab.yml uses."""
