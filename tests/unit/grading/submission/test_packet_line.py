"""Packets as tcpdump, tshark and Wireshark print them."""

from __future__ import annotations

import pytest

from sharklab.grading.submission.packet_line import lines
from sharklab.grading.submission.socket_line import Line, PrintedEndpoint

CLIENT, SERVER = PrintedEndpoint("192.0.2.7", "50925"), PrintedEndpoint("198.51.100.9", "443")
SIX, SIX_SERVER = PrintedEndpoint("2001:db8::7", "50925"), PrintedEndpoint("2001:db8::9", "53")
TCP = Line("TCP", CLIENT, SERVER)
PORTS = Line("TCP", PrintedEndpoint("", "50925"), PrintedEndpoint("", "443"))
LATER = Line("TCP", PrintedEndpoint("192.0.2.7", "760"), PrintedEndpoint("198.51.100.9", "2049"), sure=False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1 0.000000 192.0.2.7 198.51.100.9 TCP 66 50925 → 443 [SYN] Seq=0 Win=64240", TCP),
        ("2 0.010000 198.51.100.9 192.0.2.7 TCP 66 443  >  50925 [SYN, ACK] Seq=0 Ack=1", TCP),
        ("3 2026-11-29 10:00:00.1 192.0.2.7 198.51.100.9 TCP 54 50925→443 [ACK]", TCP),
        ("    4   0.020000 192.0.2.7 → 198.51.100.9 TCP 74 50925 → https(443) [PSH, ACK]", TCP),
        ('"5","0.1","198.51.100.9","192.0.2.7","TCP","66","443  >  50925 [ACK] Seq=1"', TCP),
        ("6 0.2 192.0.2.7 198.51.100.9 UDP 1292 50925 → 443 Len=1250", Line("UDP", CLIENT, SERVER)),
        (
            "7 0.3 192.0.2.7 198.51.100.9 TLSv1.3 583 Client Hello (SNI=www.example)",
            Line("TCP", PrintedEndpoint("192.0.2.7", ""), PrintedEndpoint("198.51.100.9", "")),
        ),
        (
            "8 0.3 198.51.100.9 192.0.2.7 SSHv2 95 Server: Protocol (SSH-2.0-OpenSSH_9.2)",
            Line("TCP", PrintedEndpoint("192.0.2.7", ""), PrintedEndpoint("198.51.100.9", "")),
        ),
        ("9 0.4 192.0.2.7 198.51.100.9 TCP 66 760 → 2049 [ACK] Seq=1", LATER),
        ("12:00:00.123456 IP 192.0.2.7.50925 > 198.51.100.9.443: Flags [S], seq 1, length 0", TCP),
        ("    198.51.100.9.https > 192.0.2.7.50925: Flags [S.], seq 1, ack 2", TCP),
        ("12:00:00.1 eth0  Out IP my-pc.50925 > www.example.https: Flags [P.], length 3", PORTS),
        ("IP6 2001:db8::7.50925 > 2001:db8::9.53: 12+ A? example.com. (29)", Line("UDP", SIX, SIX_SERVER)),
        ("Transmission Control Protocol, Src Port: 443, Dst Port: 50925, Seq: 0, Len: 0", PORTS),
        (
            "> Internet Protocol Version 4, Src: 198.51.100.9, Dst: 192.0.2.7\n"
            "> Transmission Control Protocol, Src Port: https (443), Dst Port: 50925, Seq: 0",
            TCP,
        ),
        (
            "Internet Protocol Version 6, Src: me (2001:db8::7), Dst: 2001:db8::9\n"
            "User Datagram Protocol, Src Port: 50925, Dst Port: 53",
            Line("UDP", SIX, SIX_SERVER),
        ),
        ("ESTAB 0 0 192.0.2.7:50925 198.51.100.9:443", TCP),
    ],
)  # fmt: skip
def test_lines_of_each_tool(text: str, found: Line) -> None:
    """A SYN, a Hello or a banner tells the client, else the ports; a line without them leaves it open."""
    assert [found] == lines(text)


@pytest.mark.parametrize(
    "text",
    [
        "No. Time Source Destination Protocol Length Info",
        "1 0.1 192.0.2.7 198.51.100.9 ICMP 98 Echo (ping) request id=0x1, seq=1/256, ttl=64",
        "1 0.1 192.0.2.7 198.51.100.9 DNS 80 Standard query 0x12 A www.example",
        "1 0.1 192.0.2.7 and 198.51.100.9 TCP 50925 → 443",
        "1 0.1 aa:bb:cc:dd:ee:ff Broadcast ARP 42 Who has 192.0.2.7? Tell 198.51.100.9",
        "192.0.2.7 198.51.100.9",
        "12:00:00.1 IP 192.0.2.7 > 198.51.100.9: ICMP echo request, id 1, seq 1, length 64",
        "Internet Protocol Version 4, Src: 192.0.2.7, Dst: 198.51.100.9",
        "we saw a > b: nothing",
    ],
)
def test_lines_leaves_other_lines_out(text: str) -> None:
    """Without ports, and without a word that tells the client, a packet answers little."""
    assert [] == lines(text)
