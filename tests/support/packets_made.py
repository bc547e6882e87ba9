"""Captures made by hand (struct): one packet in every link type, a file in every format of pcap and pcapng.

Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, tcpdump.org/linktypes.html, and the RFCs named.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from tests.support.hostile_captures import frame

START = 1_700_000_000
STEP = 50_001_001
"""Every capture begins in that second (of the epoch), and so many nanoseconds later comes the next packet."""
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SNAP = 262_144


def of_ip(packet: bytes) -> tuple[int, int]:
    """Return the Ethernet type and the BSD family of an IP packet."""
    return (0x86DD, 30) if packet[0] >> 4 == 6 else (0x0800, 2)


def tagged(packet: bytes, *tags: tuple[int, int]) -> bytes:
    """Return an Ethernet frame with the VLAN tags (type, number) of IEEE 802.1Q and 802.1ad."""
    kinds = [kind for kind, _ in tags[1:]] + [of_ip(packet)[0]]
    inside = b"".join(struct.pack(">HH", vlan, kind) for (_, vlan), kind in zip(tags, kinds, strict=True))
    return frame(inside + packet, tags[0][0])


def cooked(packet: bytes) -> bytes:
    """Return a packet as Linux's "any" device gives it (SLL)."""
    return struct.pack(">HHH8sH", 4, 1, 6, b"\2\0\0\0\0\1", of_ip(packet)[0]) + packet


def cooked_anew(packet: bytes) -> bytes:
    """Return a packet as Linux's "any" device gives it in the second version (SLL2)."""
    return struct.pack(">HHIHBB8s", of_ip(packet)[0], 0, 3, 1, 4, 6, b"\2\0\0\0\0\1") + packet


@dataclass(frozen=True)
class Link:
    """A link type: its number, and what it makes of an IP packet in a file of a byte order."""

    number: int
    wrap: Callable[[bytes, str], bytes]


LINKS: Mapping[str, Link] = {
    "ethernet": Link(1, lambda packet, order: frame(packet, of_ip(packet)[0])),
    "vlan": Link(1, lambda packet, order: tagged(packet, (0x8100, 7))),
    "qinq": Link(1, lambda packet, order: tagged(packet, (0x88A8, 100), (0x8100, 7))),
    "sll": Link(113, lambda packet, order: cooked(packet)),
    "sll2": Link(276, lambda packet, order: cooked_anew(packet)),
    "raw": Link(101, lambda packet, order: packet),
    "null": Link(0, lambda packet, order: struct.pack(order + "I", of_ip(packet)[1]) + packet),
    "loop": Link(108, lambda packet, order: struct.pack(">I", of_ip(packet)[1]) + packet),
}


def checksum(data: bytes) -> int:
    """Return the checksum of the Internet (RFC 1071)."""
    words: int = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    return ~words & 0xFFFF


@dataclass(frozen=True)
class Way:
    """From one address to another, of one family; `id` is that of IP, for fragments."""

    source: str
    destination: str
    id: int = 1

    @property
    def back(self) -> Way:
        """The other direction."""
        return Way(self.destination, self.source, self.id)

    def ip(self, protocol: int, payload: bytes, options: bytes = b"", fragment: int = 0) -> bytes:
        """Return an IP packet (RFC 791, RFC 8200); `options` are of IPv4, or extension headers of IPv6.

        `protocol` is then that of the first extension header; `fragment` is flags and offset of IPv4.
        """
        ends = b"".join(ip_address(end).packed for end in (self.source, self.destination))
        if len(ends) == 32:
            head = struct.pack(">IHBB", 6 << 28, len(options + payload), protocol, 64)
            return head + ends + options + payload
        first = 0x45 + len(options) // 4
        length = 20 + len(options) + len(payload)
        parts = (first, 0, length, self.id, fragment, 64, protocol)
        sum_ = checksum(struct.pack(">BBHHHBBH", *parts, 0) + ends + options)
        return struct.pack(">BBHHHBBH", *parts, sum_) + ends + options + payload


def udp(local: int, port: int, payload: bytes) -> bytes:
    """Return a UDP datagram (RFC 768) without a checksum."""
    return struct.pack(">HHHH", local, port, 8 + len(payload), 0) + payload


def icmp(type: int, code: int, payload: bytes) -> bytes:
    """Return an ICMP message (RFC 792)."""
    head = struct.pack(">BBHI", type, code, 0, 0x00010001 if type in (0, 8) else 0)
    return head[:2] + struct.pack(">H", checksum(head + payload)) + head[4:] + payload


@dataclass(frozen=True)
class Tcp:
    """A TCP connection (RFC 9293): its ports, and the initial sequence numbers of client and server.

    Its segments count sequence numbers from there, as Wireshark shows them.
    """

    way: Way
    local: int
    port: int
    starts: tuple[int, int] = (1_000, 9_000)

    def _ip(self, by_client: bool, flags: int, seq: int, ack: int, payload: bytes) -> bytes:
        own, other = self.starts if by_client else self.starts[::-1]
        ports = (self.local, self.port) if by_client else (self.port, self.local)
        numbers = (own + seq) % (1 << 32), (other + ack) % (1 << 32) if flags & ACK else 0
        segment = struct.pack(">HHIIBBHHH", *ports, *numbers, 0x50, flags, 8192, 0, 0) + payload
        return (self.way if by_client else self.way.back).ip(6, segment)

    def client(self, flags: int, seq: int, ack: int = 0, payload: bytes = b"") -> bytes:
        """Return a segment of the client."""
        return self._ip(True, flags, seq, ack, payload)

    def server(self, flags: int, seq: int, ack: int = 0, payload: bytes = b"") -> bytes:
        """Return a segment of the server."""
        return self._ip(False, flags, seq, ack, payload)

    @property
    def opening(self) -> tuple[bytes, bytes, bytes]:
        """The handshake."""
        return self.client(SYN, 0), self.server(SYN | ACK, 0, 1), self.client(ACK, 1, 1)

    def closing(self, sent: int, received: int) -> tuple[bytes, bytes, bytes]:
        """Return the exchange of FIN after so many bytes each way."""
        return (
            self.client(FIN | ACK, 1 + sent, 1 + received),
            self.server(FIN | ACK, 1 + received, 2 + sent),
            self.client(ACK, 2 + sent, 2 + received),
        )


def times(count: int) -> Iterator[tuple[int, int]]:
    """Yield the time of each packet: seconds, and nanoseconds."""
    yield from (divmod(START * 10**9 + number * STEP, 10**9) for number in range(count))


def pcap(path: Path, link: int, packets: Sequence[bytes], order: str, unit: int) -> Path:
    """Write a pcap file of a byte order ("<" or ">"), its fractions in `unit` nanoseconds (1 or 1000)."""
    magic = {1000: 0xA1B2C3D4, 1: 0xA1B23C4D}[unit]
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, SNAP, link)]
    for packet, (seconds, fraction) in zip(packets, times(len(packets)), strict=True):
        head = struct.pack(order + "IIII", seconds, fraction // unit, len(packet), len(packet))
        parts.append(head + packet)
    path.write_bytes(b"".join(parts))
    return path


def _block(order: str, kind: int, body: bytes) -> bytes:
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def pcapng(path: Path, packets: Sequence[tuple[Link, bytes]], order: str) -> Path:
    """Write a pcapng file: an interface for each link, every other one counts nanoseconds.

    After them comes the first packet once more, in a simple block, which has no time.
    """
    links = list(dict.fromkeys(link for link, _ in packets))
    parts = [_block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))]
    for index, link in enumerate(links):
        resolution = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0) if index % 2 else b""
        parts.append(_block(order, 1, struct.pack(order + "HHI", link.number, 0, SNAP) + resolution))
    for (link, packet), (seconds, fraction) in zip(packets, times(len(packets)), strict=True):
        index, data = links.index(link), link.wrap(packet, order)
        unit = 1 if index % 2 else 1000
        ticks = (seconds * 10**9 + fraction) // unit
        head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
        parts.append(_block(order, 6, head + _padded(data)))
    first = packets[0][0].wrap(packets[0][1], order)
    parts.append(_block(order, 3, struct.pack(order + "I", len(first)) + _padded(first)))
    path.write_bytes(b"".join(parts))
    return path


def exchange(tcp: Tcp) -> list[bytes]:
    """Return a whole connection: handshake, three bytes and five, FIN."""
    return [
        *tcp.opening,
        tcp.client(PSH | ACK, 1, 1, b"abc"),
        tcp.server(PSH | ACK, 1, 4, b"defgh"),
        *tcp.closing(3, 5),
    ]


def traffic(net: int) -> list[bytes]:
    """Return what goes over every link: a connection over IPv4 and one over IPv6, datagrams, ICMP."""
    four, six = Way(f"10.98.{net}.1", f"10.98.{net}.2"), Way(f"fd98:{net}::1", f"fd98:{net}::2")
    asked = four.ip(17, udp(40_000, 60_001, b"question"))
    return [
        *exchange(Tcp(four, 40_000, 60_000)),
        *exchange(Tcp(six, 40_000, 60_000)),
        four.ip(17, udp(40_000, 60_000, b"hello")),
        four.back.ip(17, udp(60_000, 40_000, b"hello you")),
        asked,
        four.back.ip(1, icmp(3, 3, asked)),
        four.ip(1, icmp(8, 0, b"ping")),
        four.back.ip(1, icmp(0, 0, b"ping")),
    ]


def fragments(way: Way, payload: bytes, protocol: int = 17, size: int = 16) -> Iterable[bytes]:
    """Yield a packet's payload in pieces of `size` bytes (RFC 791; RFC 8200, section 4.5)."""
    for start in range(0, len(payload), size):
        piece, more = payload[start : start + size], start + size < len(payload)
        if ":" in way.source:
            yield way.ip(44, piece, struct.pack(">BBHI", protocol, 0, start | more, way.id))
        else:
            yield way.ip(protocol, piece, fragment=start >> 3 | more << 13)
