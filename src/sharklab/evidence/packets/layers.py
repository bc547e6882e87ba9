"""One packet taken apart: its layers as tshark tells them, and its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharklab.errors import MachineryError
from sharklab.evidence.packets import box, container, reader
from sharklab.evidence.packets.growing import Splitter
from sharklab.limits import ToolLimits
from sharklab.message import N_
from sharklab.untrusted import clip, one_line

LIMITS = ToolLimits(seconds=20, output=16 << 20, patience=60)
MOST_LINES = 2000
LONGEST = 400
MOST_BYTES = 4096
"""Bytes of a packet that are shown."""

WIDTH = 16


@dataclass(frozen=True)
class Layer:
    """A layer of a packet: its first line, and the lines below it with their depth, from 0."""

    title: str
    lines: Sequence[tuple[int, str]]


def layers(content: bytes) -> list[Layer]:
    """Return the layers of the last packet of a pcap; those before it are for tshark's analysis of TCP.

    Raises InputError when tshark needs too much for it, MachineryError when it is missing or broken.
    """
    splitter = Splitter()
    splitter.add(content)
    count = len(splitter.starts)
    options = [*reader.source(container.PCAP), "-t", "r", "-V", "-Y", f"frame.number == {count}"]
    with box.run("tshark", options, Path("live.pcap"), LIMITS, content) as output:
        lines = output.read(LIMITS.output).decode(errors="replace").splitlines()[:MOST_LINES]
    shown = list(_layers(lines))
    if not shown:
        raise MachineryError(
            N_("tshark printed something other than packets"),
            place="live.pcap",
            hint=box.REPAIR,
            tool="tshark",
        )
    return shown


def _layers(lines: Sequence[str]) -> Iterator[Layer]:
    """Yield a layer for each line that is not indented, with the lines that follow it (tshark(1), -V)."""
    title, below = "", list[tuple[int, str]]()
    for line in lines:
        text = clip(one_line(line), LONGEST)
        if not text:
            continue
        if line.startswith(" ") and title:
            indent = len(line) - len(line.lstrip(" "))
            below.append((max(0, indent // 4 - 1), text))
            continue
        if title:
            yield Layer(title, below)
        title, below = text, []
    if title:
        yield Layer(title, below)


def rows_of_bytes(data: bytes) -> list[tuple[str, str, str]]:
    """Return bytes in rows of 16: the offset, the bytes in hexadecimal, and their letters (ASCII)."""
    return [
        (
            f"{at:04x}",
            data[at : at + WIDTH].hex(" "),
            "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data[at : at + WIDTH]),
        )
        for at in range(0, len(data), WIDTH)
    ]
