"""Captures as Wireshark and tcpdump write them on Windows, macOS and Linux: blocks, options, link types.

Sources: draft-ietf-opsawg-pcapng (blocks and options); tcpdump.org/linktypes.html; Apple's libpcap
(pcap/pktap.h, and the process block 0x80000001 of pcap-ng); Npcap's documentation of its loopback adapter.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.hostile_captures import frame
from tests.support.packets_made import START, STEP, of_ip

SECTION, INTERFACE, OLD, SIMPLE, NAMES, STATISTICS, ENHANCED, SECRETS = 0x0A0D0D0A, 1, 2, 3, 4, 5, 6, 10
APPLE_PROCESS = 0x80000001
LOCAL_NUMBER = 0x0BAD
PEN = 32473
"""A private enterprise number for examples (RFC 5612)."""

Options = Sequence[tuple[int, bytes]]


def block(order: str, kind: int, body: bytes) -> bytes:
    """Return a block of a pcapng, padded, with its length at both ends."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def options(order: str, *given: tuple[int, bytes]) -> bytes:
    """Return options with their end, nothing for none."""
    parts = [
        struct.pack(order + "HH", kind, len(value)) + value + bytes(-len(value) % 4) for kind, value in given
    ]
    return b"".join([*parts, bytes(4)]) if parts else b""


@dataclass(frozen=True)
class Card:
    """A card of a computer: its link type, its options, and the frame that it makes of an IP packet."""

    link: int
    wrap: Callable[[bytes, str], bytes]
    options: Options = ()
    snap: int = 262_144
    resolution: int = 6
    """The time is counted in ten to the power of minus this."""


@dataclass(frozen=True)
class Computer:
    """A computer with its recorder: its byte order, the options of its section, its cards, blocks beside."""

    cards: Sequence[Card]
    options: Options = ()
    order: str = "<"
    before: Sequence[tuple[int, Callable[[str], bytes]]] = ()
    behind: Sequence[tuple[int, Callable[[str], bytes]]] = ()
    of_packet: Callable[[int], Options] = field(default=lambda number: ())


def ethernet(packet: bytes, order: str) -> bytes:
    """Return a frame of Ethernet, padded to its least length as a card sends it."""
    return frame(packet, of_ip(packet)[0]).ljust(60, b"\0")


def bsd(four: int, six: int) -> Callable[[bytes, str], bytes]:
    """Return the wrapper of a loopback: the family of the address, in the order of the host."""

    def wrap(packet: bytes, order: str) -> bytes:
        return struct.pack(order + "I", six if packet[0] >> 4 == 6 else four) + packet

    return wrap


def raw(packet: bytes, order: str) -> bytes:
    """Return the packet itself."""
    return packet


def pktap(packet: bytes, order: str) -> bytes:
    """Return a packet of the device pktap of macOS, with the link type of the card that had it in it."""
    data = ethernet(packet, order)
    family = 30 if packet[0] >> 4 == 6 else 2
    head = struct.pack(
        "<III24sIIIIi20sIIi20s",
        *(108, 1, 1, b"en0", 1, family, 14, 0, 4242, b"ssh", 0, 0, -1, b""),
    )
    return head[:108].ljust(108, b"\0") + data


def radiotap(packet: bytes, order: str) -> bytes:
    """Return a frame of Wi-Fi in monitor mode: radiotap, 802.11 data from the station, LLC with SNAP."""
    head = struct.pack("<BBHI", 0, 0, 8, 0)
    dot11 = struct.pack("<HH6s6s6sH", 0x0108, 0, b"\2\0\0\0\0\1", b"\2\0\0\0\0\2", b"\2\0\0\0\0\1", 0)
    return head + dot11 + b"\xaa\xaa\3\0\0\0" + struct.pack(">H", of_ip(packet)[0]) + packet


def ppp(packet: bytes, order: str) -> bytes:
    """Return a packet of a PPP link in HDLC-like framing (RFC 1662)."""
    return b"\xff\3" + struct.pack(">H", 0x0057 if packet[0] >> 4 == 6 else 0x0021) + packet


def _names(order: str) -> bytes:
    """Return a block of names: two addresses, and a comment on the server that told them."""
    four = b"\x0a\x62\1\1" + b"laptop\0"
    six = bytes(15) + b"\1" + b"server.example\0"
    records = [(1, four), (2, six), (0, b"")]
    made = b"".join(
        struct.pack(order + "HH", kind, len(value)) + value + bytes(-len(value) % 4)
        for kind, value in records
    )
    return made + options(order, (2, b"dns.example"))


def _secrets(order: str) -> bytes:
    """Return the keys of TLS, as Wireshark embeds them ("TLSK")."""
    keys = b"CLIENT_RANDOM " + b"0" * 64 + b" " + b"1" * 96 + b"\n"
    return struct.pack(order + "II", 0x544C534B, len(keys)) + keys


def _statistics(order: str) -> bytes:
    high, low = divmod(START * 10**6, 1 << 32)
    counts = [(kind, struct.pack(order + "Q", 12)) for kind in (4, 5)]
    return struct.pack(order + "III", 0, high, low) + options(order, (1, b"Counters of dumpcap"), *counts)


def _process(order: str) -> bytes:
    """Return Apple's block of a process: its number and its name."""
    return struct.pack(order + "I", 4242) + options(order, (2, b"ssh"), (4, bytes(16)))


def _custom(order: str) -> bytes:
    return struct.pack(order + "I", PEN) + b"of our own"


GUID = rb"\Device\NPF_{4E5A1A8B-0C3F-4D53-9E1B-6F2D7C8A9B01}"
_WINDOWS: Options = (
    (2, b"12th Gen Intel(R) Core(TM) i7-1260P (with SSE4.2)"),
    (3, b"64-bit Windows 11 (23H2), build 22631"),
    (4, b"Dumpcap (Wireshark) 4.2.5 (v4.2.5-0-g4aa814ac25a1)"),
)
_MAC: Options = (
    (2, b"MacBookPro18,3"),
    (3, b"macOS 14.5, build 23F79 (Darwin 23.5.0)"),
    (4, b"Dumpcap (Wireshark) 4.2.5"),
)
_TCPDUMP_OF_MAC: Options = (
    (3, b"Darwin Kernel Version 23.5.0: root:xnu-10063.121.3~5/RELEASE_ARM64_T6000"),
    (4, b"tcpdump (libpcap version 1.10.1)"),
)
_LINUX: Options = (
    (2, b"Intel(R) Core(TM) i5"),
    (3, b"Linux 6.8.0-45-generic"),
    (4, b"Dumpcap (Wireshark) 4.2.2"),
)


def _card_of_windows(
    name: bytes, description: str, system: bytes = b"64-bit Windows 11 (23H2), build 22631"
) -> Options:
    return (
        (2, name),
        (3, description.encode()),
        (9, b"\6"),
        (11, b"\0port 22 or port 443"),
        (12, system),
    )


COMPUTERS: Mapping[str, Computer] = {
    "windows": Computer(
        [
            Card(1, ethernet, _card_of_windows(GUID, "Wi-Fi")),
            Card(
                1, ethernet, _card_of_windows(GUID.replace(b"4E5A", b"0000"), "Connexion au réseau local* 2")
            ),
        ],
        _WINDOWS,
        behind=[(NAMES, _names), (STATISTICS, _statistics)],
    ),
    "windows-loopback": Computer(
        [
            Card(
                0,
                bsd(2, 24),
                _card_of_windows(rb"\Device\NPF_Loopback", "Adapter for loopback traffic capture"),
            )
        ],
        _WINDOWS,
        before=[(SECRETS, _secrets)],
    ),
    "windows-old": Computer(
        [Card(1, ethernet, ((2, GUID),), snap=65535)],
        ((3, b"64-bit Windows 7 Service Pack 1, build 7601"), (4, b"Dumpcap 1.12.4")),
        of_packet=lambda number: ((1, "la première".encode()),) if number == 0 else (),
    ),
    "macos": Computer(
        [
            Card(1, ethernet, ((2, b"en0"), (3, b"Wi-Fi"), (9, b"\6"), (12, b"macOS 14.5, build 23F79"))),
            Card(1, ethernet, ((2, b"awdl0"), (9, b"\6"))),
        ],
        _MAC,
        before=[(LOCAL_NUMBER, _custom)],
        behind=[(STATISTICS, _statistics)],
        of_packet=lambda number: ((2, struct.pack("<I", 1)), (1, b"seen")),
    ),
    "macos-utun": Computer([Card(0, bsd(2, 30), ((2, b"utun3"), (9, b"\6")))], _MAC),
    "macos-lo0": Computer([Card(0, bsd(2, 30), ((2, b"lo0"),))], _TCPDUMP_OF_MAC),
    "macos-pktap": Computer(
        [Card(258, pktap, ((2, b"pktap"), (9, b"\6")))],
        _TCPDUMP_OF_MAC,
        before=[(APPLE_PROCESS, _process)],
        of_packet=lambda number: ((0x8001, struct.pack("<I", 0)), (0x8002, struct.pack("<I", 0))),
    ),
    "macos-monitor": Computer([Card(127, radiotap, ((2, b"en0"), (9, b"\6")))], _MAC),
    "old-mac": Computer([Card(0, bsd(2, 30), ((2, b"lo0"),)), Card(1, ethernet)], _MAC, order=">"),
    "linux-nanoseconds": Computer([Card(1, ethernet, ((2, b"wlp2s0"), (9, b"\x09")), resolution=9)], _LINUX),
    "linux-milliseconds": Computer([Card(1, ethernet, ((9, b"\3"),), resolution=3)], _LINUX, order=">"),
    "ppp": Computer([Card(9, ppp, ((2, b"ppp0"),))], _LINUX),
    "raw-of-bsd": Computer([Card(12, raw)], _MAC),
    "openvpn": Computer([Card(101, raw, ((2, b"tun0"),))], _LINUX),
    "snap-96": Computer([Card(1, ethernet, ((2, b"eth0"), (9, b"\6")), snap=96)], _LINUX),
}
"""Each recorder with the cards that students have."""


def written(computer: Computer, packets: Sequence[bytes]) -> bytes:
    """Return the pcapng file of a computer that saw the packets, in turn by its cards."""
    order = computer.order
    parts = [
        block(
            order,
            SECTION,
            struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options(order, *computer.options),
        )
    ]
    for card in computer.cards:
        body = struct.pack(order + "HHI", card.link, 0, card.snap) + options(order, *card.options)
        parts.append(block(order, INTERFACE, body))
    parts += [block(order, kind, body(order)) for kind, body in computer.before]
    for number, packet in enumerate(packets):
        at = number % len(computer.cards)
        card = computer.cards[at]
        data = card.wrap(packet, order)
        high, low = divmod((START * 10**9 + number * STEP) // 10 ** (9 - card.resolution), 1 << 32)
        kept = data[: card.snap]
        head = struct.pack(order + "IIIII", at, high, low, len(kept), len(data))
        body = head + kept + bytes(-len(kept) % 4) + options(order, *computer.of_packet(number))
        parts.append(block(order, ENHANCED, body))
    parts += [block(order, kind, body(order)) for kind, body in computer.behind]
    return b"".join(parts)
