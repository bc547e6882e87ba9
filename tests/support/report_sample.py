"""A small run, made by hand, for tests of the report: two hosts, a TCP and a UDP exercise, hostile output."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

from sharklab.checks.outcome import Answer, Outcome, Reference, Status, Table, TableLine, Verdict
from sharklab.evidence.capture import Counted, RecordedCapture
from sharklab.evidence.packets.model import Conversation, Dns, Endpoint, Facts, Packet
from sharklab.evidence.run_folder import Evidence, ProbeResult, SocketLine
from sharklab.lab.model import (
    Address,
    Capture,
    Check,
    Exercise,
    ExpectedConversation,
    Host,
    Lab,
    Network,
    Plan,
    Probe,
    Seat,
)
from sharklab.message import N_, Message
from tests.support.capture_files import with_facts
from tests.support.plans import plain

START = 1_795_216_682.25
SERVER, CLIENT = Endpoint("10.31.4.17", 22), Endpoint("10.31.4.203", 40412)
RESOLVER = Endpoint("10.31.4.17", 53)
HOSTILE = "</pre><script>alert(1)</script>\n```\n# not a heading\n| a | \x1b[31mred\x1b[0m \u202eevil\x07"
SS = 'tcp   ESTAB 0      0      {}:{} {}:{}  users:(("ssh",pid=812,fd=3))'


def plan(lab_folder: Path) -> Plan:
    """Return the plan of the sample; a lab's own templates would lie in `lab_folder`."""
    network = Network("lan", {"fr": "réseau du TP", "en": "lab network"})
    return plain(
        Lab(
            name="sample",
            path=lab_folder,
            title={"fr": "TCP, UDP et services réseau", "en": "TCP, UDP and network services"},
            summary={"fr": "SSH et DNS derrière un pare-feu actif.", "en": "SSH and DNS, firewalled."},
            networks=(network,),
            hosts=(
                _host("server", "le serveur", "the server", ["ssh", "dns"], ["8883/tcp"]),
                _host("client", "le client", "the client", ["ssh"], []),
            ),
            exercises=(_firewall(), _ssh(), _dns()),
        ),
        Seat(
            lab="sample",
            student="alice",
            id="0a1b2c3d",
            token="k3m5q7x2",  # noqa: S106 (a made-up one)
            domain="k3m5q7x2.sample.test",
            share="sample-k3m5q7x2",
            addresses={"server": {"lan": _address(17)}, "client": {"lan": _address(203)}},
            folder=lab_folder,
        ),
    )


def _host(name: str, french: str, english: str, services: list[str], ports: list[str]) -> Host:
    return Host(
        name,
        {"fr": french, "en": english},
        ("lan",),
        ("common", "firewall"),
        {"firewall_services": services, "firewall_ports": ports},
    )


def _address(number: int) -> Address:
    return Address(
        "lan",
        IPv4Interface(f"10.31.4.{number}/24"),
        IPv6Interface(f"fd5e:7a10:92c4::{number:x}/64"),
        f"02:00:00:00:00:{number:02x}",
    )


def _firewall() -> Exercise:
    return Exercise(
        id="firewall",
        part="0",
        title={"fr": "Le pare-feu", "en": "The firewall"},
        text={"fr": "Il est **actif** sur chaque hôte.", "en": "It is **active** on each host."},
        conversation=None,
        captures=(),
        probes=(Probe("zones", "server", ("firewall-cmd", "--list-all", "--zone=public")),),
        checks=(),
        questions=(),
    )


def _ssh() -> Exercise:
    return Exercise(
        id="ssh",
        part="II",
        title={"fr": "Une connexion SSH", "en": "An SSH connection"},
        text={
            "fr": "Une connexion :\n\n1. `ssh` ouvre une session ;\n2. `uptime`.\n\n<b>pas de HTML</b>",
            "en": "One connection:\n\n1. `ssh` opens a session;\n2. a command runs in it.\n\n<b>no HTML</b>",
        },
        conversation=ExpectedConversation("client", "server", "tcp", 22),
        captures=(Capture("ssh", "client", "lan", "tcp port 22 and host 10.31.4.17"),),
        probes=(
            Probe("ssh", "client", ("ssh", "server", "uptime; echo 'a|b'"), user="student"),
            Probe("missing", "client", ("telnet", "server")),
            Probe("slow", "client", ("sleep", "60")),
            Probe("unrun", "client", ("true",)),
        ),
        checks=(Check("handshake"),),
        questions=("server_port",),
    )


def _dns() -> Exercise:
    return Exercise(
        id="dns",
        part="II",
        title={"fr": "Une requête DNS", "en": "A DNS query"},
        text={"fr": "A, AAAA et MX.", "en": "A, AAAA and MX."},
        conversation=ExpectedConversation("client", "server", "udp", 53),
        captures=(Capture("dns", "client", "lan", "udp port 53"), Capture("lost", "client", "lan", "")),
        probes=(),
        checks=(),
        questions=("server_address",),
    )


def ssh_facts(data_packets: int = 60) -> Facts:
    """Return the facts of a whole TCP conversation with that many packets between its ends."""
    packets = tuple(_ssh_packets(data_packets))
    numbers = tuple(packet.number for packet in packets)
    talk = Conversation(
        "tcp",
        CLIENT,
        SERVER,
        numbers,
        handshake=(1, 2, 3),
        fins=numbers[-3:-1],
        closing=numbers[-3:],
        closed_by="fin",
        data_packets=numbers[3:-3],
    )
    return Facts(packets=packets, conversations=(talk,))


def _ssh_packets(data_packets: int) -> Iterator[Packet]:
    number, time = 0, START

    def packet(outward: bool, flags: str, payload: int = 0, info: str = "") -> Packet:
        nonlocal number, time
        number, time = number + 1, time + 0.000_731 * (1 + number % 7)
        ends = (CLIENT, SERVER) if outward else (SERVER, CLIENT)
        length = 66 + payload
        protocol = "SSHv2" if payload else "TCP"
        text = info or f"{ends[0].port} → {ends[1].port} [{', '.join(flags.split())}] Win=64240 Len=0"
        return Packet(
            number, time, length, length, protocol, text, "tcp", *ends, tuple(flags.split()), payload=payload
        )

    yield packet(True, "SYN")
    yield packet(False, "SYN ACK")
    yield packet(True, "ACK")
    yield packet(True, "PSH ACK", 41, "Client: Protocol (SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7)")
    for index in range(data_packets - 1):
        side = "Client" if index % 3 else "Server"
        yield packet(bool(index % 3), "PSH ACK", 36 + index, f"{side}: Encrypted packet (len={36 + index})")
    yield packet(True, "FIN ACK")
    yield packet(False, "FIN ACK")
    yield packet(True, "ACK")


def dns_facts() -> Facts:
    """Return the facts of three questions from three ports, and their answers."""
    questions = (("A", "10.31.4.17"), ("AAAA", "fd5e:7a10:92c4::11"), ("MX", "10 mail.k3m5q7x2.sample.test"))
    packets: list[Packet] = []
    talks = []
    for index, (kind, answer) in enumerate(questions):
        asker = Endpoint(CLIENT.address, 41000 + index)
        name = "k3m5q7x2.sample.test"
        for response in (False, True):
            ends = (RESOLVER, asker) if response else (asker, RESOLVER)
            message = Dns(7 + index, response, name, kind, "NOERROR", (answer,) if response else ())
            number = len(packets) + 1
            info = f"Standard query {'response ' if response else ''}0x000{7 + index} {kind} {name}"
            packets.append(
                Packet(number, START + number * 0.0004, 90, 90, "DNS", info, "udp", *ends, dns=(message,))
            )
        talks.append(Conversation("udp", asker, RESOLVER, (len(packets) - 1, len(packets))))
    return Facts(packets=tuple(packets), conversations=tuple(talks))


def evidence(folder: Path) -> Evidence:
    """Return what the sample's run left in `folder`; the capture `lost` was never made."""
    manifest = {"tool": "sharklab 0.1.0", "started": START, "ended": START + 41.5, "complete": True}
    return Evidence(
        folder,
        manifest,
        probes={
            "zones": _probe("zones", "server", 0.31, 0, "public (active)\n  services: dns ssh\n"),
            "ssh": _probe("ssh", "client", 1.824, 0, HOSTILE + "\n" + "line\n" * 500, "a warning\n"),
            "missing": _probe("missing", "client", 0.0, None, missing=True),
            "slow": _probe("slow", "client", 30.004, None, timed_out=True),
        },
        sockets=tuple(
            SocketLine(host, ss_line(host), START + 0.2, START + 1.4) for host in ("client", "server")
        ),
        captures=captures(folder),
    )


def captures(folder: Path) -> dict[str, RecordedCapture]:
    """Return the captures of the sample's run by id; none of them has a file."""
    place = folder / "hosts" / "client" / "captures"
    return {
        name: with_facts(place / f"{name}.pcap", shown, Counted(packets, 0, START - 1, START + 30))
        for name, packets, shown in (("ssh", 66, ssh_facts()), ("dns", 6, dns_facts()))
    }


def _probe(
    name: str,
    host: str,
    duration: float,
    code: int | None,
    stdout: str = "",
    stderr: str = "",
    *,
    missing: bool = False,
    timed_out: bool = False,
) -> ProbeResult:
    return ProbeResult(
        name, host, (), "root", START, duration, code, timed_out, missing, stdout, stderr, False
    )


def ss_line(host: str) -> str:
    """Return the line of `ss` that shows the SSH connection on `host`."""
    near, far = (CLIENT, SERVER) if host == "client" else (SERVER, CLIENT)
    return SS.format(near.address, near.port, far.address, far.port)


def verdicts() -> tuple[Verdict, ...]:
    """Return one exercise that was achieved but for one check, and one without an answer."""
    sockets = tuple(Reference(host=host, line=ss_line(host)) for host in ("client", "server"))
    return (
        Verdict(
            "ssh",
            outcomes=(
                Outcome(
                    "handshake",
                    Status.PASSED,
                    Message(N_("3-way handshake")),
                    Message("{names}", {"names": ("SYN", "SYN/ACK", "ACK")}),
                    evidence=(Reference(capture="ssh", packets=(1, 2, 3)),),
                ),
                Outcome("sockets", Status.PASSED, Message("ss"), Message("ESTAB"), evidence=sockets),
                Outcome(
                    "probes",
                    Status.FAILED,
                    Message("Commands"),
                    Message("exit code {code}", {"code": 127}),
                    Message("exit code {code}", {"code": 0}),
                    evidence=(Reference(probe="missing"), Reference(probe="elsewhere")),
                    table=compared(),
                ),
            ),
            answers=(
                Answer(
                    "server_port",
                    Message("Port?"),
                    "22",
                    Status.PASSED,
                    evidence=(Reference(capture="ssh", packets=(1, 2, 3, 40)), *sockets),
                ),
            ),
        ),
        Verdict("dns", (), (Answer("server_address", Message("Address?"), None, Status.INCONCLUSIVE),)),
    )


def compared() -> Table:
    """Return what a check compared: a line that is right, and a hostile one that is not."""
    return Table(
        Message(N_("Services to know")),
        (Message(N_("Port")), Message(N_("Use"))),
        (
            TableLine((Message("22"), {"fr": "Shell distant", "en": "Remote shell"})),
            TableLine((Message("1664"), Message("{text}", {"text": HOSTILE})), right=False),
        ),
    )
