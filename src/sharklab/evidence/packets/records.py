"""Take a pcap file apart into records and write one again: for captures that differ in one thing.

Source: draft-ietf-opsawg-pcap. Only this format is written, the one that tcpdump writes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sharklab.errors import InputError
from sharklab.evidence.packets import container
from sharklab.evidence.packets.container import Container
from sharklab.message import N_

_HEADER, _RECORD = 24, 16


@dataclass(frozen=True)
class PacketRecord:
    """A packet of a pcap file: its time in whole seconds and a fraction (in the file's unit), and its bytes.

    `length` is how long the packet was; `data` may be less of it.
    """

    seconds: int
    fraction: int
    length: int
    data: bytes

    def cut(self, most: int) -> PacketRecord:
        """Return the record with `most` bytes of the packet at most, as a snap length leaves it."""
        return replace(self, data=self.data[:most])

    def later(self, seconds: int) -> PacketRecord:
        """Return the record as if the packet had been captured `seconds` later."""
        return replace(self, seconds=self.seconds + seconds)


@dataclass(frozen=True)
class Pcap:
    """A pcap file: its header as it stands, and its records."""

    header: bytes
    records: tuple[PacketRecord, ...]

    @property
    def order(self) -> str:
        """The byte order of its numbers, as `struct` writes it."""
        return container.PCAP_ORDER[self.header[:4]]

    def with_records(self, records: Iterable[PacketRecord]) -> Pcap:
        """Return the file with other records."""
        return replace(self, records=tuple(records))


def read(capture: Container) -> Pcap:
    """Return the records of a pcap file. Raises InputError for a capture in another format."""
    if capture.format != container.PCAP:
        raise InputError(N_("the file is not a pcap capture"), place=str(capture.path))
    header = capture.content[:_HEADER]
    order = container.PCAP_ORDER[header[:4]]
    return Pcap(header, tuple(_record(capture.content, order, at, length) for at, length in capture.packets))


def _record(content: bytes, order: str, at: int, length: int) -> PacketRecord:
    seconds, fraction, _, whole = struct.unpack_from(order + "IIII", content, at - _RECORD)
    return PacketRecord(seconds, fraction, whole, content[at : at + length])


def write(path: Path, pcap: Pcap, rest: bytes = b"") -> None:
    """Write `pcap` to `path`, as tcpdump would have; `rest` is the beginning of one more record."""
    parts = [pcap.header]
    for each in pcap.records:
        head = (each.seconds, each.fraction, len(each.data), each.length)
        parts += [struct.pack(pcap.order + "IIII", *head), each.data]
    path.write_bytes(b"".join((*parts, rest)))
