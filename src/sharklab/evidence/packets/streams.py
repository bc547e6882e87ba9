"""List the conversations of a capture that is too large to be read whole, as tshark counts them.

tshark numbers the connections of TCP and the flows of UDP (the fields tcp.stream and udp.stream), so that a
display filter can choose one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sharklab.evidence.packets import box, reader
from sharklab.evidence.packets.model import Endpoint
from sharklab.limits import LARGE, LARGE_TOOL

_TRANSPORTS = ("tcp", "udp")
_FIELDS = (
    *("tcp.stream", "udp.stream", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst"),
    *("tcp.srcport", "udp.srcport", "tcp.dstport", "udp.dstport"),
)


@dataclass(frozen=True)
class Stream:
    """A conversation by its number in tshark; `ends` are those of its first packet, the sender first."""

    transport: str
    number: int
    ends: tuple[Endpoint, Endpoint]
    packets: int

    @property
    def filter(self) -> str:
        """The display filter that chooses it."""
        return f"{self.transport}.stream == {self.number}"


def streams(path: Path) -> tuple[Stream, ...]:
    """Return the conversations of the capture in `path`, those with most packets first.

    Raises InputError for a file that is larger than `limits.LARGE` allows, MachineryError when tshark is
    missing or finds no capture in the file.
    """
    fields = [part for field in _FIELDS for part in ("-e", field)]
    options = ["-n", "-r", "-", *reader.DECODERS, "-Y", "tcp || udp", "-T", "fields", "-E", "occurrence=l"]
    with box.run("tshark", [*options, *fields], path, LARGE_TOOL, most=LARGE.bytes) as output:
        found = _count_lines(output)
    return tuple(sorted(found, key=lambda stream: -stream.packets))


def _count_lines(output: IO[bytes]) -> list[Stream]:
    """Return a stream for each number of tshark's lines, with how many lines it has."""
    first: dict[tuple[str, int], tuple[Endpoint, Endpoint]] = {}
    packets: dict[tuple[str, int], int] = {}
    for line in output:
        for key, ends in _lines(line.decode(errors="replace").rstrip("\n").split("\t")):
            first.setdefault(key, ends)
            packets[key] = packets.get(key, 0) + 1
    return [Stream(*key, ends, packets[key]) for key, ends in first.items()]


def _lines(values: list[str]) -> Iterator[tuple[tuple[str, int], tuple[Endpoint, Endpoint]]]:
    """Yield the stream of a packet and its ends; those of an ICMP error are of the packet that it quotes."""
    row = dict(zip(_FIELDS, values, strict=True))
    for transport in _TRANSPORTS:
        if row[f"{transport}.stream"]:
            source, destination = (
                Endpoint(row[f"ip.{end}"] or row[f"ipv6.{end}"], int(row[f"{transport}.{end}port"] or 0))
                for end in ("src", "dst")
            )
            yield (transport, int(row[f"{transport}.stream"])), (source, destination)
