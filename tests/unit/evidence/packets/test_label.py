"""The short names of packets, and their part in the conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.evidence.packets import name_packet
from sharklab.evidence.packets.model import Dns, Endpoint, Packet
from tests.support.packets_sample import recorded


@pytest.mark.parametrize(
    ("name", "number", "text", "phase"),
    [
        ("halfclose.pcap", 1, "SYN", "handshake"),
        ("halfclose.pcap", 2, "SYN, ACK", "handshake"),
        ("halfclose.pcap", 3, "ACK", "handshake"),
        ("halfclose.pcap", 4, "PSH, ACK 1-3 (3 B)", "data"),
        ("halfclose.pcap", 6, "FIN, ACK", "closing"),
        ("refused.pcap", 2, "RST, ACK", "closing"),
        ("dns.pcap", 5, "DNS MX? tok7f3a.lab.example", "data"),
        ("dns.pcap", 6, "DNS answer MX 10 mail.tok7f3a.lab.example", "data"),
        ("dns.pcap", 10, "DNS answer A NXDOMAIN", "data"),
        ("nfs.pcap", 12, "NFS LOOKUP (srv, share-tok7f3a)", "data"),
        ("nfs.pcap", 30, "NFS OPEN (readme.txt)", "data"),
        ("nfs.pcap", 95, "NFS reply NFS4ERR_ACCESS", "data"),
        ("nfs.pcap", 4, "NFS NULL", "data"),
        ("ntp.pcapng", 1, "NTP (48 B)", "data"),
        ("icmp.pcap", 1, "Who has 10.77.5.2? Tell 10.77.5.1", "data"),
    ],
)
def test_name_packet_is_short(name: str, number: int, text: str, phase: str) -> None:
    """A ladder's row says what the packet does."""
    packet = recorded(name).packet(number)
    talk = next((talk for talk in recorded(name).conversations if number in talk.packets), None)
    label = name_packet(packet, talk)
    assert (text, phase) == (label.text, label.phase)


def test_name_packet_joins_several_messages() -> None:
    """Each message of a segment is named."""
    packet = Packet(1, 0.0, 60, 60, "DNS", "", "udp", Endpoint("a", 1), Endpoint("b", 53))
    asked = Dns(1, False, "x.example", "A", "", ())
    both = replace(packet, dns=(asked, replace(asked, type="AAAA")))
    assert "DNS A? x.example; DNS AAAA? x.example" == name_packet(both).text
