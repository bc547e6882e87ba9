"""A scan made by hand, what nmap writes of it, and the sockets of its server, for tests."""

from __future__ import annotations

from dataclasses import replace

from sharklab.evidence.packets import facts
from sharklab.evidence.packets.model import DecodedCapture, Endpoint, Facts, Flow, Icmp, Packet
from sharklab.evidence.run_folder import SocketLine
from tests.support.checks_sample import ASKED, Sample
from tests.support.packets_sample import CLIENT, SERVER


def xml(*ports: str, address: str = SERVER) -> str:
    """Return what nmap writes of `ports`, each like `22/tcp open syn-ack ssh`."""
    rows = [port.replace("/", " ").split() for port in ports]
    lines = "".join(
        f'<port protocol="{kind}" portid="{number}"><state state="{state}" reason="{reason}"/>'
        f'<service name="{name}" method="table" conf="3"/></port>'
        for number, kind, state, reason, name in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner="nmap">'
        f'<host><status state="up"/><address addr="{address}" addrtype="ipv4"/>'
        f'<address addr="02:00:00:00:00:02" addrtype="mac"/><ports>{lines}</ports></host></nmaprun>\n'
    )


def packet(number: int, source: str, destination: str, *flags: str, **values: object) -> Packet:
    """Return a packet between ADDRESS:PORT ends."""
    ends = (Endpoint(a, int(p or 0)) for a, _, p in (end.partition(":") for end in (source, destination)))
    first, second = ends
    plain = Packet(number, float(number), 60, 60, "TCP", "", "tcp", first, second, flags=flags)
    return replace(plain, **values)  # type: ignore[arg-type]


def scanned(look: bool = True) -> Facts:
    """Return a capture of a scan of four ports: open, closed, refused by ICMP, silent.

    The open one is reset later, and an ICMP error is about the silent one in another scan.
    """
    asks = packet(1, CLIENT, SERVER, transport="arp", info="Who has 10.77.5.2? Tell 10.77.5.1")
    other = replace(asks, info="10.77.5.1 is at 02:00:00:00:00:01")
    about = Flow("tcp", Endpoint(CLIENT, 61001), Endpoint(SERVER, 110))
    another = Flow("tcp", Endpoint(CLIENT, 61003), Endpoint(SERVER, 8080))
    return facts(
        DecodedCapture(
            (
                asks if look else other,
                packet(2, f"{CLIENT}:61001", f"{SERVER}:22", "SYN"),
                packet(3, f"{CLIENT}:61001", f"{SERVER}:113", "SYN"),
                packet(4, f"{CLIENT}:61001", f"{SERVER}:110", "SYN"),
                packet(5, f"{CLIENT}:61001", f"{SERVER}:8080", "SYN"),
                packet(6, f"{SERVER}:22", f"{CLIENT}:61001", "SYN", "ACK"),
                packet(7, f"{SERVER}:113", f"{CLIENT}:61001", "RST", "ACK"),
                packet(8, SERVER, CLIENT, transport="icmp", icmp=Icmp(3, 13, about)),
                packet(9, f"{CLIENT}:61001", f"{SERVER}:22", "RST"),
                packet(10, SERVER, CLIENT, transport="icmp", icmp=Icmp(3, 13, another)),
                packet(11, f"{SERVER}:22", f"{CLIENT}:61001", "RST"),
            )
        )
    )


def scan_sample(look: bool = True) -> Sample:
    """Return an exercise about that scan."""
    return Sample(["scan"], ASKED, facts={"scan": scanned(look)})


SOCKETS = tuple(
    SocketLine("server", line, 0.0, 1.0)
    for line in (
        'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=7,fd=3))',
        'tcp LISTEN 0 128 0.0.0.0:110 0.0.0.0:* users:(("dovecot",pid=8,fd=3))',
        'tcp LISTEN 0 128 127.0.0.1:3306 0.0.0.0:* users:(("mariadbd",pid=9,fd=3))',
        'udp UNCONN 0 0 0.0.0.0:514 0.0.0.0:* users:(("rsyslogd",pid=10,fd=3))',
    )
)
