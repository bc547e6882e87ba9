"""Lines that ss, netstat and lsof print on Linux, Windows and macOS."""

from __future__ import annotations

import pytest

from sharklab.grading.submission.socket_line import Line, PrintedEndpoint, line, place

CLIENT, SERVER = PrintedEndpoint("192.0.2.7", "50925"), PrintedEndpoint("198.51.100.9", "443")
SIX, SIX_SERVER = PrintedEndpoint("2001:db8::7", "50925"), PrintedEndpoint("2001:db8::9", "443")
ANY = PrintedEndpoint("", "")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tcp ESTAB 0 0 192.0.2.7:50925 198.51.100.9:443", Line("TCP", CLIENT, SERVER)),
        (
            'ESTAB 0 0 192.0.2.7%wlan0:50925 198.51.100.9:https users:(("a",pid=7,fd=3)) ino:9 sk:1 <->',
            Line("TCP", CLIENT, SERVER),
        ),
        ("tcp 0 0 192.0.2.7:50925 198.51.100.9:https ESTABLISHED 1234/a", Line("TCP", CLIENT, SERVER)),
        ("  TCP    192.0.2.7:50925   198.51.100.9:443   ESTABLISHED   4312", Line("TCP", CLIENT, SERVER)),
        ("  TCP    [2001:db8::7]:50925   [2001:db8::9]:443   TIME_WAIT", Line("TCP", SIX, SIX_SERVER)),
        ("tcp4 0 0 192.0.2.7.50925 198.51.100.9.443 ESTABLISHED", Line("TCP", CLIENT, SERVER)),
        ("tcp6 0 0 2001:db8::7.50925 2001:db8::9.443 CLOSE_WAIT", Line("TCP", SIX, SIX_SERVER)),
        (
            "firefox 12 me 45u IPv4 0x1f 0t0 TCP 192.0.2.7:50925->198.51.100.9:443 (ESTABLISHED)",
            Line("TCP", CLIENT, SERVER),
        ),
        ("UDP 0.0.0.0:57862 *:* 4312", Line("UDP", PrintedEndpoint("", "57862"), ANY)),
        ("UNCONN 0 0 [::]:ntp [::]:*", Line("UDP", PrintedEndpoint("", "123"), ANY)),
        (
            "tcp6 0 0 2001:db8:1:2:50925 2001:db8:1:2:443 ESTABLISHED",
            Line("TCP", PrintedEndpoint("", "50925"), PrintedEndpoint("", "443")),
        ),
        (
            "tcp6 0 0 2001:db8:1:2.50925 2001:db8:1:.https ESTABLISHED",
            Line("TCP", PrintedEndpoint("", "50925"), PrintedEndpoint("", "443")),
        ),
        ("Discord 42 me 50u IPv4 0x12 0t0 UDP *:57862", Line("UDP", PrintedEndpoint("", "57862"), ANY)),
        ("tcp6 0 0 :::22 :::* LISTEN", Line("TCP", ANY, PrintedEndpoint("", "22"))),
        (
            "ESTAB 0 0 198.51.100.9:ssh 192.0.2.7:50925",
            Line("TCP", CLIENT, PrintedEndpoint("198.51.100.9", "22")),
        ),
        (
            "ESTAB 0 0 192.0.2.7:krbupdate 198.51.100.9:nfs",
            Line("TCP", PrintedEndpoint("192.0.2.7", "760"), PrintedEndpoint("198.51.100.9", "2049")),
        ),
        ("192.0.2.7:50925 198.51.100.9:443", Line("", CLIENT, SERVER)),
        ("192.0.2.7 50925 198.51.100.9 443 Established Internet 4312", Line("TCP", CLIENT, SERVER)),
        ('"192.0.2.7",50925,"198.51.100.9",443,13,2048', Line("", CLIENT, SERVER)),
        ("SSH_CONNECTION=192.0.2.7 50925 198.51.100.9 443", Line("", CLIENT, SERVER)),
        ("192.0.2.7:50925→198.51.100.9:443", Line("", CLIENT, SERVER)),
        ("198.51.100.9:443 <-> 192.0.2.7:50925", Line("", CLIENT, SERVER)),
        ("192.0.2.7:50925 --> 198.51.100.9:443 (TCP)", Line("TCP", CLIENT, SERVER)),
        ("50925 -> 443", Line("", PrintedEndpoint("", "50925"), PrintedEndpoint("", "443"))),
        (
            "TCP: port https => port 50925",
            Line("TCP", PrintedEndpoint("", "50925"), PrintedEndpoint("", "443")),
        ),
        ("760 > nfs", Line("", PrintedEndpoint("", "760"), PrintedEndpoint("", "2049"))),
        (
            "tcp ESTAB 0 0 me.example:50925 www.example:443",
            Line("TCP", PrintedEndpoint("", "50925"), PrintedEndpoint("", "443")),
        ),
    ],
)
def test_line_of_each_tool(text: str, found: Line) -> None:
    """The tool runs on the client, unless its own socket waits or its peer has the port of a client."""
    assert found == line(text)


@pytest.mark.parametrize(
    "text",
    [
        "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process",
        "Active Internet connections (w/o servers)",
        "50925",
        "192.0.2.7:50925",
        "192.0.2.7 198.51.100.9",
        "UDP *:57862",
        "tcp6 aa:bb:cc:dd:ee:ff 2001:db8::7",
        "tcp 0 0 2001:db8:1:2:50925 2001:db8:1:2:443",
        "12:30 13:45",
        "1 -> 22",
        "step -> 22222",
        "192.0.2.7 50925 198.51.100.9 99999",
        "",
    ],
)
def test_line_leaves_other_lines_out(text: str) -> None:
    """Headings, single values and times are no sockets."""
    assert line(text) is None


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("[2001:db8::7]:443", PrintedEndpoint("2001:db8::7", "443")),
        ("[::ffff:192.0.2.7]:443", PrintedEndpoint("192.0.2.7", "443")),
        ("*:ssh", PrintedEndpoint("", "22")),
        (":443", PrintedEndpoint("", "443")),
        ("*.*", ANY),
        ("192.0.2.7", None),
        ("192.0.2.7:99999", None),
        ("192.0.2.7#53(192.0.2.7)", PrintedEndpoint("192.0.2.7", "53")),
        ("2001:db8::7#5353", PrintedEndpoint("2001:db8::7", "5353")),
        ("localhost:6463", PrintedEndpoint("127.0.0.1", "6463")),
        ("a#53", None),
        ("a.443", None),
        ("http://a:443", None),
    ],
)
def test_place_of_a_word(word: str, found: PrintedEndpoint | None) -> None:
    """A word without a port, or with one that cannot be, is no endpoint."""
    assert found == place(word)
