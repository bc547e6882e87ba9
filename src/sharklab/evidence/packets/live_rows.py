"""Packets of a capture that still grows, a row each, as Wireshark's table shows them.

tshark reads the capture from its standard input while it is recorded (tshark(1), `-l -r -`). It runs in the
box, as for any capture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sharklab.evidence.packets import box, container, reader
from sharklab.limits import ToolLimits
from sharklab.untrusted import clip, one_line

LIMITS = ToolLimits(seconds=1800, output=1 << 30, patience=0)
"""For as long as a recording may last; its output goes into a pipe."""

COLUMNS = (
    "%m",
    "%t",
    "%s",
    "%p",
    "%d",
    "%L",
    "%Cus:tcp.stream:1:R",
    "%Cus:udp.stream:1:R",
    "%Cus:tcp.flags:1:R",
    "%Cus:tcp.analysis.retransmission:1:R",
    "%Cus:icmp.type:1:R",
    "%Cus:icmpv6.type:1:R",
    "%i",
)
"""The columns that tshark prints. Between two ends that stand side by side it would print an arrow."""

LONGEST = 400
"""Characters of a cell."""

SYN, FIN, RST, ACK = 0x02, 0x01, 0x04, 0x10
ERRORS, ERRORS6 = ("3", "11", "12"), ("1", "2", "3", "4")
"""Types of ICMP errors (RFC 792, RFC 4443)."""


class LiveRow(NamedTuple):
    """A packet as a row: `time` is in seconds since the first packet, as text.

    `kind` is "open", "answer", "close", "reset", "again" or "refused" for a packet that a reader looks for,
    else "". `talk` is the transport and the number of its conversation, "tcp 3", or "".
    """

    number: int
    time: str
    source: str
    destination: str
    protocol: str
    length: int
    info: str
    kind: str = ""
    talk: str = ""


def command(display: str = "") -> list[str]:
    """Return the command that prints rows of the packets that `display` takes, a filter of Wireshark.

    Raises MachineryError when tshark is missing.
    """
    titles = ",".join(f'"c{index}","{column}"' for index, column in enumerate(COLUMNS))
    words = [*box.box(LIMITS), box.find("tshark"), "-l", "-t", "r", *reader.source(container.PCAP)]
    return [*words, "-o", f"gui.column.format:{titles}", "-T", "tabs", *(["-Y", display] if display else [])]


def environment() -> Mapping[str, str]:
    """Return the environment of `command`."""
    return box.environ()


def row(line: bytes) -> LiveRow | None:
    """Return the row that tshark printed as `line`, None for a line that is none."""
    cells = [one_line(cell) for cell in line.decode(errors="replace").split("\t", len(COLUMNS) - 1)]
    if len(cells) < len(COLUMNS) or not (cells[0].isdecimal() and cells[5].isdecimal()):
        return None
    number, time, source, protocol, destination, length, tcp, udp, flags, again, icmp, icmp6, info = cells
    kind = "refused" if icmp in ERRORS or icmp6 in ERRORS6 else _kind(flags, bool(again))
    talk = f"tcp {tcp}" if tcp.isdecimal() else f"udp {udp}" if udp.isdecimal() else ""
    ends = (clip(source, LONGEST), clip(destination, LONGEST), clip(protocol, LONGEST))
    return LiveRow(int(number), time, *ends, int(length), clip(info, LONGEST), kind, talk)


def _kind(flags: str, again: bool) -> str:
    try:
        bits = int(flags, 16)
    except ValueError:
        return ""
    if bits & RST:
        return "reset"
    if again:
        return "again"
    if bits & SYN:
        return "answer" if bits & ACK else "open"
    return "close" if bits & FIN else ""
