"""Rows of a capture that grows: however its bytes are cut, whatever is in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sharklab.evidence.packets import live_rows
from sharklab.evidence.packets.live_rows import LiveRow

DATA = Path(__file__).parents[3] / "data"
HEADER = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")


def decode(content: bytes, display: str = "") -> list[LiveRow]:
    """Return the rows that tshark prints of a capture."""
    command, environment = live_rows.command(display), live_rows.environment()
    done = subprocess.run(command, input=content, capture_output=True, env=environment, check=True)
    return [row for line in done.stdout.splitlines() if (row := live_rows.row(line))]


def test_rows_are_those_of_wireshark() -> None:
    """A refused connection, with its words and its conversation."""
    first, second = decode((DATA / "refused.pcap").read_bytes())[:2]
    assert (1, "0.000000", "TCP", "open", "tcp 0") == (
        first.number,
        first.time,
        first.protocol,
        first.kind,
        first.talk,
    )
    assert (first.source, first.destination) == (second.destination, second.source)
    assert ("reset", "tcp 0") == (second.kind, second.talk)
    assert "[SYN]" in first.info and first.length >= 60


def test_a_display_filter_leaves_the_numbers_as_they_are() -> None:
    """They are those of the whole capture."""
    assert [2] == [row.number for row in decode((DATA / "refused.pcap").read_bytes(), "tcp.flags.reset == 1")]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("drop.pcap", {"open", "again", ""}), ("dns_refused.pcap", {"", "refused"})],
)
def test_packets_that_a_reader_looks_for_have_a_kind(name: str, kinds: set[str]) -> None:
    """Sent again, and refused by ICMP."""
    assert kinds == {row.kind for row in decode((DATA / name).read_bytes())}


@pytest.mark.parametrize(
    ("flags", "kind"),
    [("0x12", "answer"), ("0x11", "close"), ("0x14", "reset"), ("0x10", ""), ("x", ""), ("", "")],
)
def test_flags_of_tcp_make_a_kind(flags: str, kind: str) -> None:
    """As tshark prints them."""
    cells = ["1", "0.1", "a", "TCP", "b", "60", "3", "", flags, "", "", "", "info"]
    assert kind == getattr(live_rows.row("\t".join(cells).encode()), "kind", None)


@pytest.mark.parametrize("line", [b"", b"\n", b"\xff\xfe", b"1\t2\t3", b"x\t" * 12, b"1\t" + b"-5\t" * 12])
def test_a_line_that_is_no_row_is_none(line: bytes) -> None:
    """A packet may hold anything."""
    assert live_rows.row(line) is None


def test_a_cell_is_one_short_visible_line() -> None:
    """Whatever a packet has in it."""
    cells = [
        "1",
        "0.1",
        "a\x1b[31m",
        "<b>P</b>",
        "b\r\n",
        "60",
        "",
        "9",
        "",
        "",
        "",
        "",
        "i" * 5000 + "\x07\t\x00",
    ]
    row = live_rows.row("\t".join(cells).encode())
    assert row is not None and "udp 9" == row.talk
    assert all(text.isprintable() for text in (row.source, row.protocol, row.destination, row.info))
    assert live_rows.LONGEST == len(row.info) and "<b>P</b>" == row.protocol
