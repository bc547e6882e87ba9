"""Join captures in one, in the order of time: a student may record one exercise in several files.

A packet that several of them hold is in it once. The result is a pcap (draft-ietf-opsawg-pcap) in memory,
which tshark reads as if one program had recorded all of it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sharklab.errors import InputError
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets import container

_MILLION = 1_000_000
_SAME = 2
"""Microseconds between the times of one packet in two files: one of them may count nanoseconds."""


@dataclass(frozen=True)
class Joined:
    """Several captures as one; `numbers` are those that the packets of each file have in it."""

    capture: RecordedCapture
    numbers: Mapping[Path, tuple[int, ...]]


@dataclass(frozen=True)
class _Record:
    """A packet: its time (microseconds of the epoch), how long it was, what was kept, and its file."""

    time: int
    length: int
    data: bytes
    file: Path


def join(captures: Sequence[RecordedCapture]) -> Joined | None:
    """Return the captures as one, which has the id and the host of the first.

    Return None when they do not fit: fewer than two have packets, they are of several link types, or
    together they are beyond the limits of a capture. Raises MachineryError when tshark is missing or broken.
    """
    whole = [capture for capture in captures if capture.facts.packets]
    kinds = {kind for capture in whole for kind in container.link_types(capture.container)}
    if len(whole) < 2 or len(kinds) != 1:
        return None
    records = list(_once(sorted((each for one in whole for each in _records(one)), key=lambda r: r.time)))
    first = captures[0]
    joined = RecordedCapture(first.id, first.host, first.path)
    try:
        one = container.parse(first.path, _write(kinds.pop(), records))
    except InputError:
        return None
    joined.container = replace(one, cut=any(capture.container.cut for capture in whole))
    numbers = {
        capture.path: tuple(n for n, record in enumerate(records, 1) if record.file == capture.path)
        for capture in whole
    }
    return None if joined.facts.problem else Joined(joined, numbers)


def _records(capture: RecordedCapture) -> Iterator[_Record]:
    for packet, data in zip(capture.facts.packets, capture.container.frames, strict=False):
        yield _Record(round(packet.time * _MILLION), packet.length, data, capture.path)


def _once(records: Sequence[_Record]) -> Iterator[_Record]:
    """Yield the records without those of a packet that another file holds too."""
    seen: dict[bytes, _Record] = {}
    for record in records:
        before = seen.get(record.data)
        if before is None or before.file == record.file or record.time - before.time > _SAME:
            yield record
            seen[record.data] = record


def _write(kind: int, records: Sequence[_Record]) -> bytes:
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, kind)]
    for record in records:
        head = (*divmod(record.time, _MILLION), len(record.data), max(record.length, len(record.data)))
        parts += [struct.pack("<IIII", *head), record.data]
    return b"".join(parts)
