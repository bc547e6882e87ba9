"""Damage a capture in one way: a mistake of a student, made in a capture in which all is right.

Each function takes a capture apart into records and returns it with other records; the packets' checksums
are left as they are, for tshark does not look at them. Captures are of Ethernet, as tcpdump records a host's
interface.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sharklab.evidence.packets.model import Conversation, Facts, Packet
from sharklab.evidence.packets.records import PacketRecord, Pcap
from sharklab.evidence.packets.tcp import is_syn_ack
from sharklab.lab.model import Address, Seat

Talks = Sequence[Conversation]

_ETHERNET = 14
_ETHERTYPE = struct.Struct("!H")
_IPV4, _IPV6 = 0x0800, 0x86DD
_TCP, _UDP = 6, 17
_FIN, _RST = 0x01, 0x04
_FLAGS = 13
"""The byte of a TCP header (RFC 9293, 3.1) that holds the flags."""
_ARP_REQUEST = bytes.fromhex("0806 0001 0800 06 04 0001")
"""Ethernet's type, and an ARP request over Ethernet for IPv4 (RFC 826)."""
_NOBODY = bytes((192, 0, 2, 2))
"""An address that nobody has (RFC 5737)."""
MONTH = 30 * 86_400


def without(pcap: Pcap, numbers: Iterable[int]) -> Pcap:
    """Return the capture without the packets of these numbers."""
    gone = set(numbers)
    return pcap.with_records(record for i, record in enumerate(pcap.records, 1) if i not in gone)


def without_fin(pcap: Pcap, facts: Facts, talks: Talks) -> Pcap:
    """Return the capture as if no side had said that it is done; the data of a packet with FIN stays."""
    ends = [packet for packet in _of(facts, talks) if "FIN" in packet.flags]
    cleared = _with_flags(pcap, [packet for packet in ends if packet.payload], clear=_FIN)
    return without(cleared, (packet.number for packet in ends if not packet.payload))


def with_reset(pcap: Pcap, facts: Facts, talks: Talks) -> Pcap:
    """Return the capture as if the side that ends a connection first had cut it off with a RST."""
    ends = [facts.packet(talk.fins[0]) for talk in talks if talk.fins]
    after = [number for talk in talks if talk.fins for number in talk.packets if number > talk.fins[0]]
    kept = [n for n in after if facts.packet(n).payload]  # data may cross the first FIN
    changed = _with_flags(pcap, ends, clear=_FIN, set=_RST)
    changed = _with_flags(changed, map(facts.packet, kept), clear=_FIN)
    return without(changed, set(after) - set(kept))


def without_syn_ack(pcap: Pcap, facts: Facts, talks: Talks) -> Pcap:
    """Return the capture as if no server had accepted the connection."""
    return without(pcap, (packet.number for packet in _of(facts, talks) if is_syn_ack(packet)))


def one_way(pcap: Pcap, facts: Facts, talks: Talks) -> Pcap:
    """Return the capture without what servers sent."""
    servers = {talk.server for talk in talks}
    return without(pcap, (packet.number for packet in _of(facts, talks) if packet.source in servers))


def with_stray(pcap: Pcap, source: Address) -> Pcap:
    """Return the capture with a packet of nothing that is asked at its end: `source` looks for a stranger."""
    mac, address = bytes.fromhex(source.mac.replace(":", "")), source.ipv4.packed
    question = b"\xff" * 6 + mac + _ARP_REQUEST + mac + address + bytes(6) + _NOBODY
    last = pcap.records[-1] if pcap.records else PacketRecord(0, 0, 0, b"")
    return pcap.with_records((*pcap.records, replace(last, length=len(question), data=question)))


def headers_only(pcap: Pcap) -> Pcap:
    """Return the capture as a small snap length leaves it: the headers alone, without their data."""
    return pcap.with_records(record.cut(_header_length(record.data)) for record in pcap.records)


def later(pcap: Pcap, seconds: int = MONTH) -> Pcap:
    """Return the capture as if it had been recorded `seconds` later."""
    return pcap.with_records(record.later(seconds) for record in pcap.records)


def with_words(pcap: Pcap, words: Mapping[str, str]) -> Pcap:
    """Return the capture with other words of the same length in it, in whatever case they are written."""
    replacements = {old.encode().lower(): new.encode() for old, new in words.items()}
    pattern = re.compile(b"|".join(map(re.escape, replacements)), re.IGNORECASE)
    return _with_bytes(pcap, lambda data: pattern.sub(lambda match: replacements[match[0].lower()], data))


def of_seat(pcap: Pcap, own: Seat, other: Seat) -> Pcap:
    """Return the capture as it is on another seat: its networks, its cards, its token."""
    pairs = dict(_networks(own, other))
    pattern = re.compile(b"|".join(map(re.escape, pairs)), re.DOTALL)
    moved = _with_bytes(pcap, lambda data: pattern.sub(lambda match: pairs[match[0]], data))
    return with_words(moved, {own.token: other.token})


def _networks(own: Seat, other: Seat) -> Iterator[tuple[bytes, bytes]]:
    """Yield the bytes of each MAC address and of each network's prefix, and those on the other seat."""
    for host, places in own.addresses.items():
        for name, at in places.items():
            there = other.addresses[host][name]
            yield bytes.fromhex(at.mac.replace(":", "")), bytes.fromhex(there.mac.replace(":", ""))
            yield at.ipv4.packed[:3], there.ipv4.packed[:3]
            yield at.ipv6.packed[:8], there.ipv6.packed[:8]


def _of(facts: Facts, talks: Talks) -> Iterator[Packet]:
    """Yield the packets of these conversations."""
    return (facts.packet(number) for talk in talks for number in talk.packets)


def _with_bytes(pcap: Pcap, change: Callable[[bytes], bytes]) -> Pcap:
    return pcap.with_records(replace(record, data=change(record.data)) for record in pcap.records)


def _with_flags(pcap: Pcap, packets: Iterable[Packet], clear: int = 0, set: int = 0) -> Pcap:
    """Return the capture with TCP flags of some packets cleared and set."""
    records = list(pcap.records)
    for packet in packets:
        data = bytearray(records[packet.number - 1].data)
        at = _transport_at(data) + _FLAGS
        data[at] = data[at] & ~clear | set
        records[packet.number - 1] = replace(records[packet.number - 1], data=bytes(data))
    return pcap.with_records(records)


def _transport_at(data: bytes | bytearray) -> int:
    """Return where the header after IP begins; IPv6 without extension headers (RFC 8200)."""
    (kind,) = _ETHERTYPE.unpack_from(data, _ETHERNET - 2)
    return _ETHERNET + (40 if kind == _IPV6 else (data[_ETHERNET] & 0x0F) * 4)


def _header_length(data: bytes) -> int:
    """Return the length of all headers up to TCP or UDP; of anything else all there is."""
    (kind,) = _ETHERTYPE.unpack_from(data, _ETHERNET - 2)
    if kind not in (_IPV4, _IPV6):
        return len(data)
    protocol, at = data[_ETHERNET + (6 if kind == _IPV6 else 9)], _transport_at(data)
    return {_TCP: at + (data[at + 12] >> 4) * 4, _UDP: at + 8}.get(protocol, len(data))
