"""One packet taken apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.evidence.packets import layers
from tests.support.errors import error_of

DATA = Path(__file__).parents[3] / "data"


def test_layers_are_those_of_the_last_packet() -> None:
    """With the lines below each, as deep as tshark has them."""
    found = layers.layers((DATA / "refused.pcap").read_bytes())
    titles = [layer.title.split(",")[0] for layer in found]
    assert titles[0].startswith("Frame ") and "Transmission Control Protocol" in titles
    tcp = found[titles.index("Transmission Control Protocol")]
    depths = {depth for depth, _ in tcp.lines}
    assert {0, 1} <= depths and any("Flags" in line for _, line in tcp.lines)


def test_a_capture_without_a_packet_has_no_layers() -> None:
    """That is a fault of the caller, not an empty picture."""
    error_of(MachineryError, layers.layers, (DATA / "refused.pcap").read_bytes()[:24])


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"", []),
        (b"A\x00\x7f", [("0000", "41 00 7f", "A··")]),
        (b"a" * 17, [("0000", " ".join(["61"] * 16), "a" * 16), ("0010", "61", "a")]),
    ],
)
def test_bytes_come_in_rows(data: bytes, rows: list[tuple[str, str, str]]) -> None:
    """Sixteen to a row, with their letters."""
    assert rows == layers.rows_of_bytes(data)


def test_lines_of_a_hostile_packet_are_visible() -> None:
    """Whatever tshark prints of it."""
    lines = ["Frame 1\x1b[2J", "    <img src=x>\x00", "", "        deep" + "x" * 9000]
    [layer] = layers._layers(lines)
    assert layer.title.isprintable() and [0, 1] == [depth for depth, _ in layer.lines]
    assert all(text.isprintable() and len(text) <= layers.LONGEST for _, text in layer.lines)
