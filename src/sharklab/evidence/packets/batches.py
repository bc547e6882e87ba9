"""Read many small captures with few calls of tshark, each as if it had been read alone.

tshark takes a third of a second to start and a thirty-thousandth for a packet. Captures that share no
address share no conversation, and tshark keeps no state from one to the other. Such captures are joined in
one file, read at once, and separated again. A capture with another link type than Ethernet, with fragments or
tunnels, or in pcapng is read alone. So is each capture of a joined file that tshark refuses.
Source: draft-ietf-opsawg-pcap.
"""

from __future__ import annotations

import re
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sharklab.errors import InputError, SharklabError
from sharklab.evidence.packets import container
from sharklab.evidence.packets.container import Container
from sharklab.evidence.packets.model import DecodedCapture, Packet
from sharklab.evidence.packets.reader import read

PACKETS, MOST = 5_000, 40_000
"""A capture of more packets than the first is read alone; a file has no more than the second."""
_LITTLE = {b"\xd4\xc3\xb2\xa1": 1000, b"\x4d\x3c\xb2\xa1": 1}
"""Files whose numbers have the lower byte first, and how many nanoseconds their fractions count."""
_ETHERNET = 1
_HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, _ETHERNET)
_IPV4, _ARP, _IPV6 = 0x0800, 0x0806, 0x86DD
_PLAIN = {1, 2, 6, 17, 58}
"""ICMP, IGMP, TCP, UDP, ICMPv6: the protocols in an IP packet that is no tunnel."""
_NUMBERED = {"ICMP", "ICMPv6", "NFS", "RPC", "Portmap", "MOUNT", "NLM"}
_NUMBER = re.compile(r"(?<=[iI]n )(\d+)(?=\))")
"""Where tshark's words on a packet of these protocols name another: (reply in 7), (Call In 12)."""


@dataclass(frozen=True)
class _Plain:
    """A capture that may share a file with others: its records as pcap with nanoseconds, its addresses."""

    path: Path
    packets: int
    records: bytes
    addresses: frozenset[bytes]
    cut: bool


def read_together(paths: Iterable[Path]) -> Mapping[Path, DecodedCapture]:
    """Return the captures that may be read with others, each as `read` returns it alone.

    Raises MachineryError when tshark is missing or broken.
    """
    plain = [capture for path in dict.fromkeys(paths) if (capture := _open_plain(path))]
    recordings: dict[Path, DecodedCapture] = {}
    for batch in _batches(plain):
        recordings.update(_read(batch))
    return recordings


def _batches(captures: Iterable[_Plain]) -> list[list[_Plain]]:
    """Return the captures in groups whose members share no address."""
    batches: list[list[_Plain]] = []
    addresses: list[set[bytes]] = []
    for capture in captures:
        for batch, known in zip(batches, addresses, strict=True):
            room = MOST - sum(each.packets for each in batch)
            if capture.packets <= room and not known & capture.addresses:
                batch.append(capture)
                known |= capture.addresses
                break
        else:
            batches.append([capture])
            addresses.append(set(capture.addresses))
    return batches


def _read(batch: Sequence[_Plain]) -> Mapping[Path, DecodedCapture]:
    """Return the recordings of a batch of captures; an empty mapping if they cannot be read together."""
    if len(batch) == 1:
        return {}
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(_HEADER + b"".join(capture.records for capture in batch))
        file.flush()
        try:
            packets = read(container.open_capture(Path(file.name))).packets
        except SharklabError:
            return {}
    if len(packets) != sum(capture.packets for capture in batch):
        return {}
    return dict(_apart(batch, packets))


def _apart(batch: Sequence[_Plain], packets: Sequence[Packet]) -> Iterator[tuple[Path, DecodedCapture]]:
    start = 0
    for capture in batch:
        own = packets[start : start + capture.packets]
        yield capture.path, DecodedCapture(tuple(_renumber(packet, start) for packet in own), capture.cut)
        start += capture.packets


def _renumber(packet: Packet, start: int) -> Packet:
    """Return a packet as it is numbered in its own capture, which begins after packet `start`."""
    info = packet.info
    if start and packet.protocol in _NUMBERED:
        info = _NUMBER.sub(lambda found: str(int(found[1]) - start), info, count=1)
    return replace(packet, number=packet.number - start, info=info)


def _open_plain(path: Path) -> _Plain | None:
    """Return the capture when it may be read with others, else None."""
    try:
        capture = container.open_capture(path)
    except InputError:
        return None
    unit = _LITTLE.get(capture.content[:4])
    if not unit or not 0 < len(capture.packets) <= PACKETS or _link_type(capture) != _ETHERNET:
        return None
    addresses: set[bytes] = set()
    records = []
    for offset, length in capture.packets:
        ends = _ends(capture.content[offset : offset + length])
        record = _record(capture, offset, length, unit)
        if ends is None or record is None:
            return None
        addresses.update(ends)
        records.append(record)
    return _Plain(path, len(records), b"".join(records), frozenset(addresses), capture.cut)


def _link_type(capture: Container) -> int:
    return int(struct.unpack_from("<I", capture.content, 20)[0])


def _record(capture: Container, offset: int, length: int, unit: int) -> bytes | None:
    """Return a packet with its record's header, times in nanoseconds; None for a header that is odd."""
    seconds, fraction, captured, whole = struct.unpack_from("<IIII", capture.content, offset - 16)
    if captured != length or not captured <= whole <= 262_144 or fraction * unit >= 10**9:
        return None
    header = struct.pack("<IIII", seconds, fraction * unit, captured, whole)
    return header + capture.content[offset : offset + length]


def _ends(frame: bytes) -> tuple[bytes, ...] | None:
    """Return the addresses by which tshark may remember a packet, or None when the packet is not plain."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == _IPV4 and len(frame) >= 34:
        plain = frame[14] >> 4 == 4 and not int.from_bytes(frame[20:22], "big") & 0x3FFF
        return _find_ends(frame[26:30], frame[30:34]) if plain and frame[23] in _PLAIN else None
    if kind == _IPV6 and len(frame) >= 55:
        inner = frame[54] if frame[20] == 0 else frame[20]  # 0: options that each router reads
        return _find_ends(frame[22:38], frame[38:54]) if inner in _PLAIN else None
    if kind == _ARP and len(frame) >= 42:
        return _find_ends(frame[28:32], frame[38:42])
    return None


def _find_ends(source: bytes, destination: bytes) -> tuple[bytes, ...]:
    """Return both ends, but for those that stand for many hosts: no conversation is between two of them."""
    many = destination[0] == 0xFF if len(destination) == 16 else destination[0] >= 224
    return (source,) if many else (source, destination)
