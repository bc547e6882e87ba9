"""What TCP and IP may do besides the plain: packets made by hand, each kind on a port of its own."""

from __future__ import annotations

import struct
from ipaddress import ip_address

from tests.support.packets_made import ACK, PSH, SYN, Tcp, Way, exchange, fragments, udp

END = (1 << 32) - 1
"""The last sequence number, after which they begin anew (RFC 9293, 3.4)."""


def crossed(tcp: Tcp) -> list[bytes]:
    """Return a connection that both sides open at once (RFC 9293, figure 7); the server sends three bytes."""
    return [
        *(tcp.client(SYN, 0), tcp.server(SYN, 0)),
        *(tcp.client(SYN | ACK, 0, 1), tcp.server(SYN | ACK, 0, 1)),
        tcp.server(PSH | ACK, 1, 1, b"abc"),
        tcp.client(ACK, 1, 4),
        *tcp.closing(0, 3),
    ]


def repeated(tcp: Tcp) -> list[bytes]:
    """Return a connection with retransmissions: of one segment, of two in one and more, needless."""
    return [
        *tcp.opening,
        *[tcp.client(PSH | ACK, 1, 1, b"abc")] * 2,
        tcp.client(PSH | ACK, 4, 1, b"def"),
        tcp.client(PSH | ACK, 1, 1, b"abcdefgh"),
        tcp.server(ACK, 1, 9),
        tcp.client(PSH | ACK, 1, 1, b"abcdefgh"),
        *tcp.closing(8, 0),
    ]


def disordered(tcp: Tcp) -> list[bytes]:
    """Return a connection whose second segment comes before the first one."""
    return [
        *tcp.opening,
        tcp.client(PSH | ACK, 4, 1, b"def"),
        tcp.client(PSH | ACK, 1, 1, b"abc"),
        tcp.server(ACK, 1, 7),
        *tcp.closing(6, 0),
    ]


def kept_alive(tcp: Tcp) -> list[bytes]:
    """Return a connection with keep-alives (RFC 9293, 3.8.4): with a byte before all data, without, with."""
    return [
        *tcp.opening,
        *(tcp.client(ACK, 0, 1, b"\0"), tcp.server(ACK, 1, 1)),
        *(tcp.client(PSH | ACK, 1, 1, b"abc"), tcp.server(ACK, 1, 4)),
        *(tcp.client(ACK, 3, 1), tcp.server(ACK, 1, 4)),
        *(tcp.client(ACK, 3, 1, b"\0"), tcp.server(ACK, 1, 4)),
        *tcp.closing(3, 0),
    ]


def situations(four: Way, six: Way) -> list[bytes]:
    """Return what TCP and IP may do besides, on port after port from 60000."""
    pieces = [udp(40_000, port, bytes(range(40))) for port in (60_006, 60_007)]
    other = Way("10.98.99.3", four.destination, 3)
    segment = Tcp(four, 40_000, 60_005)
    whole = segment.client(PSH | ACK, 1, 1, b"abcdefgh")[20:]
    route = b"\x83\x07\x04" + ip_address(other.source).packed + b"\x01"
    alert = struct.pack(">BBHH", 17, 0, 0x0502, 0) + b"\1\0"
    steps = struct.pack(">BBBBI", 17, 2, 2, 0, 0) + ip_address(six.source).packed
    return [
        *crossed(Tcp(four, 40_000, 60_000)),
        *repeated(Tcp(four, 40_000, 60_001)),
        *disordered(Tcp(four, 40_000, 60_002)),
        *kept_alive(Tcp(four, 40_000, 60_003)),
        *exchange(Tcp(four, 40_000, 60_004, (END, END - 6))),  # behind a SYN, behind a FIN
        *segment.opening,
        *fragments(Way(four.source, four.destination, 2), whole, 6),
        *segment.closing(8, 0),
        *fragments(other, pieces[0]),
        *reversed([*fragments(Way(six.source, six.destination, 4), pieces[1])]),
        *list(fragments(Way(four.source, four.destination, 5), udp(40_000, 60_008, bytes(40))))[:-1],
        four.ip(17, udp(40_000, 60_009, b"alert"), b"\x94\x04\0\0"),
        four.ip(17, udp(40_000, 60_010, b"route"), route),
        six.ip(0, udp(40_000, 60_011, b"alert"), alert),
        six.ip(60, udp(40_000, 60_012, b"two"), b"\x3c\0\1\4\0\0\0\0" + b"\x11\0\1\4\0\0\0\0"),
        six.ip(43, udp(40_000, 60_013, b"steps"), steps),
        four.ip(17, udp(40_000, 60_014, b"")),
        *repeated(Tcp(four, 40_000, 60_015, (END - 2, 9_000))),  # within data
    ]
