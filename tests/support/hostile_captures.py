"""Captures that somebody made to harm who reads them, each with what is to be said of it.

Packets are made by hand (struct), after draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng and the RFCs
of what they claim to be.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import lz4.frame
import zstandard

from sharklab.limits import CAPTURE

Maker = Callable[[Path], None]
PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
INTERFACE = struct.pack("<IIHHII", 1, 20, 1, 0, 262_144, 20)
ETHERNET = bytes.fromhex("020000000002 020000000001")
NOT_A_CAPTURE = "the file is not a pcap or pcapng capture"
DAMAGED = "the capture is damaged"
TOO_LARGE = "the capture is larger than 64 MiB when it is unpacked"


def record(data: bytes, claimed: int | None = None, kept: int | None = None) -> bytes:
    """Return a record of pcap; its two lengths can be claimed."""
    kept = len(data) if kept is None else kept
    return struct.pack("<IIII", 1, 0, kept, len(data) if claimed is None else claimed) + data


def ipv4(protocol: int, payload: bytes, source: int = 1, flags: int = 0) -> bytes:
    """Return an IPv4 packet (RFC 791); its checksum is left out."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, flags, 64, protocol, 0)
    return head + struct.pack(">II", 0x0A000000 + source, 0x0A000002) + payload


def frame(packet: bytes, kind: int = 0x0800) -> bytes:
    """Return an Ethernet frame."""
    return ETHERNET + struct.pack(">H", kind) + packet


def udp(payload: bytes, port: int = 53) -> bytes:
    """Return a UDP datagram in an Ethernet frame."""
    return frame(ipv4(17, struct.pack(">HHHH", 40_000, port, 8 + len(payload), 0) + payload))


def tcp(payload: bytes, port: int, source: int = 1, flags: int = 0x18, seq: int = 1) -> bytes:
    """Return a TCP segment in an Ethernet frame."""
    head = struct.pack(">HHIIBBHHH", 40_000, port, seq, 1, 0x50, flags, 1024, 0, 0)
    return frame(ipv4(6, head + payload, source))


def packet_block(data: bytes, interface: int = 0, kept: int | None = None) -> bytes:
    """Return an enhanced packet block of pcapng."""
    padded = data + bytes(-len(data) % 4)
    kept = len(data) if kept is None else kept
    length = 32 + len(padded)
    return (
        struct.pack("<IIIIIII", 6, length, interface, 0, 0, kept, kept) + padded + struct.pack("<I", length)
    )


def block(kind: int, body: bytes) -> bytes:
    """Return a block of pcapng."""
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))


def holding(*parts: bytes | Callable[[], bytes]) -> Maker:
    """Return what writes a file of these parts; large ones are made only then."""
    return lambda path: _write(path, b"".join(part if isinstance(part, bytes) else part() for part in parts))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _zeros(path: Path, start: bytes, size: int) -> None:
    """Write a file of `size` bytes of which all but the start is a hole."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


def _link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("ssh.pcap", PCAP)
    return buffer.getvalue()


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


def _random(seed: int, link: int, count: int = 500) -> bytes:
    """Return a capture of random bytes that claim to be of a link type."""
    source = random.Random(seed)  # noqa: S311 (the same each time)
    head = PCAP[:20] + struct.pack("<I", link)
    return head + b"".join(record(source.randbytes(source.randrange(200))) for _ in range(count))


def _loop() -> bytes:
    """Return a DNS answer whose names point at each other (RFC 1035, 4.1.4)."""
    head = struct.pack(">HHHHHH", 1, 0x8180, 1, 200, 0, 0)
    return head + b"\xc0\x0e\xc0\x0c" + struct.pack(">HH", 1, 1) + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4abcd" * 200


def _name(label: bytes) -> bytes:
    """Return a DNS question for one label."""
    head = struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0)
    return head + bytes([len(label)]) + label + b"\0" + struct.pack(">HH", 1, 1)


def _tunnels(depth: int) -> bytes:
    """Return IPv4 in IPv4 in IPv4 ... (RFC 2003)."""
    packet = b"x"
    for _ in range(depth):
        packet = ipv4(4, packet)
    return packet


def _many_conversations(count: int) -> bytes:
    """Return as many half-open connections, each of another client."""
    return b"".join(record(tcp(b"", 443, source=number, flags=2)) for number in range(count))


def _segments(count: int, size: int) -> bytes:
    """Return one side of a connection that says nothing but that a long message follows."""
    start = tcp(struct.pack(">I", 0x7FFFFFFF) + bytes(size - 4), 2049)
    rest = (tcp(bytes(size), 2049, seq=1 + number * size) for number in range(1, count))
    return record(start) + b"".join(map(record, rest))


def _fragments(count: int) -> bytes:
    """Return first fragments whose rest never comes (RFC 791)."""
    return b"".join(record(frame(ipv4(17, bytes(24), number, 0x2000))) for number in range(count))


MIB = 1 << 20
CAPTURES: Mapping[str, tuple[Maker, str]] = {
    "empty": (holding(), "the capture is empty"),
    "a page": (holding(b"<!doctype html><script>alert(1)</script>"), "the file is a web page"),
    "a picture": (holding(b"\x89PNG\r\n\x1a\n" + bytes(100)), "the file is a picture"),
    "a program": (holding(b"\x7fELF" + bytes(100)), NOT_A_CAPTURE),
    "a zip": (holding(_zipped()), "the file is packed"),
    "a gzip of zeros": (holding(lambda: gzip.compress(PCAP + bytes(100 * MIB))), TOO_LARGE),
    "a zstd of zeros": (holding(lambda: _zstd(PCAP + bytes(100 * MIB))), TOO_LARGE),
    "an lz4 of zeros": (holding(lambda: lz4.frame.compress(PCAP + bytes(100 * MIB))), TOO_LARGE),
    "a gzip in a gzip": (holding(lambda: gzip.compress(gzip.compress(PCAP))), "the file is packed"),
    "a gzip of nothing": (holding(gzip.compress(b"")), "the capture is empty"),
    "a zstd that asks for 4 GB": (
        holding(b"\x28\xb5\x2f\xfd\x00\xb0" + bytes(100)),
        "the file cannot be unpacked",
    ),
    "snoop": (holding(b"snoop\0\0\0" + bytes(100)), "the capture is in the format"),
    "a link to endless zeros": (_link, "the path is a link, not a file"),
    "a pipe": (os.mkfifo, "the path is not a regular file"),
    "4 GB of zeros": (lambda path: _zeros(path, b"", 4 << 30), "the file is larger than 64 MiB"),
    "4 GB of zeros after a header": (
        lambda path: _zeros(path, PCAP, 4 << 30),
        "the file is larger than 64 MiB",
    ),
    "64 MiB of zeros": (lambda path: _zeros(path, b"", 64 * MIB), "the file holds only zeros"),
    "64 MiB of empty records": (
        lambda path: _zeros(path, PCAP, 64 * MIB),
        f"the capture has more than {CAPTURE.packets} packets",
    ),
    "half a header": (holding(PCAP[:10]), "0 packets, cut"),
    "half a packet": (holding(PCAP, record(udp(b"x" * 100))[:-40]), "0 packets, cut"),
    "a packet that claims 4 GB": (holding(PCAP, record(b"x", kept=0xFFFFFFFF)), DAMAGED),
    "a packet that claims 2 GB": (holding(PCAP, record(b"x", kept=0x7FFFFFFF)), DAMAGED),
    "a packet that was 4 GB long": (holding(PCAP, record(udp(b"x"), claimed=0xFFFFFFFF)), "1 packets"),
    "a snapshot beyond tcpdump's": (holding(PCAP, record(udp(bytes(300_000)[:65_000]) * 5)), "tshark failed"),
    "a block that claims 4 GB": (holding(SECTION, struct.pack("<II", 6, 0xFFFFFFFC), bytes(64)), DAMAGED),
    "a block of no length": (holding(SECTION, struct.pack("<II", 6, 0), bytes(64)), DAMAGED),
    "a block with two lengths": (holding(SECTION, INTERFACE[:-4] + b"\x18\0\0\0"), "0 packets|tshark failed"),
    "a packet longer than its block": (
        holding(SECTION, INTERFACE, packet_block(b"x" * 8, kept=4096)),
        DAMAGED,
    ),
    "a packet of no interface": (holding(SECTION, packet_block(udp(b"x"))), "tshark failed"),
    "a packet of interface 4,000,000,000": (
        holding(SECTION, INTERFACE, packet_block(udp(b"x"), 4_000_000_000)),
        "tshark failed",
    ),
    "a million interfaces": (
        holding(SECTION, lambda: INTERFACE * 1_000_000),
        f"the capture has more than {CAPTURE.interfaces} interfaces",
    ),
    "a million sections": (
        holding(lambda: SECTION * 1_000_000),
        f"the capture has more than {CAPTURE.blocks} blocks besides packets",
    ),
    "a million names": (
        holding(SECTION, INTERFACE, lambda: block(4, bytes(4)) * 1_000_000),
        f"the capture has more than {CAPTURE.blocks} blocks besides packets",
    ),
    "blocks of somebody's own": (
        holding(SECTION, INTERFACE, block(0xBAD, bytes(64)) * 100),
        "100 packets|0 packets",
    ),
    "blocks that nobody knows": (holding(SECTION, INTERFACE, block(0x7777, bytes(64)) * 100), "0 packets"),
    "no byte order": (holding(SECTION[:8] + b"nope" + SECTION[12:]), DAMAGED),
    "random bytes on Ethernet": (holding(_random(1, 1)), "500 packets"),
    "random bytes on Linux's any": (holding(_random(2, 276)), "500 packets"),
    "random bytes on USB": (holding(_random(3, 220)), "500 packets|tshark failed"),
    "random bytes on raw IP": (holding(_random(4, 101)), "500 packets"),
    "a link type that nobody knows": (holding(_random(5, 60_000)), "500 packets|tshark failed"),
    "the largest number of packets": (
        holding(PCAP, lambda: record(udp(b"x", 9)) * CAPTURE.packets),
        f"{CAPTURE.packets} packets",
    ),
    "one packet more": (
        holding(PCAP, lambda: record(udp(b"x", 9)) * (CAPTURE.packets + 1)),
        f"the capture has more than {CAPTURE.packets} packets",
    ),
    "as many conversations as packets": (
        holding(PCAP, lambda: _many_conversations(CAPTURE.packets)),
        f"{CAPTURE.packets} packets",
    ),
    "a message of 2 GB in pieces": (
        holding(PCAP, lambda: _segments(40_000, 1400)),
        "40000 packets|needs more than",
    ),
    "fragments without end": (
        holding(PCAP, lambda: _fragments(CAPTURE.packets)),
        f"{CAPTURE.packets} packets",
    ),
    "tunnels in tunnels": (holding(PCAP, record(frame(_tunnels(3000)))), "1 packets"),
    "names that point at each other": (holding(PCAP, record(udp(_loop())) * 1000), "1000 packets"),
    "names with control characters": (
        holding(PCAP, record(udp(_name(b"\x1b[2J\x07\0\r\n\xe2\x80\xae=cmd()<script>")))),
        "1 packets",
    ),
    "names that are no text": (holding(PCAP, record(udp(_name(bytes(range(200, 255)))))), "1 packets"),
}
"""By kind: what writes the file, and what is said of it (a regular expression)."""
