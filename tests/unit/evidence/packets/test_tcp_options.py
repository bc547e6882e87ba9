"""Options of a TCP header, taken apart without trust in their lengths."""

from __future__ import annotations

import pytest

from sharklab.evidence.packets.model import Option
from sharklab.evidence.packets.tcp_options import options


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", ()),
        ("0101050a0000000100000005", (Option(1), Option(1), Option(5, (1, 5)))),
        ("1e0401ff", (Option(30),)),
        ("0204", ()),
        ("0100", (Option(1), Option(0))),
        ("0101ff01", (Option(1), Option(1))),
        ("02:04:05:b4", (Option(2, (1460,)),)),
    ],
)
def test_options_takes_no_length_on_trust(raw: str, expected: tuple[Option, ...]) -> None:
    """Unknown options are passed over by their length; one that cannot be ends the list."""
    assert expected == options(raw)
