"""Packets and facts as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.evidence.packets.model import Endpoint
from tests.support.packets_sample import packet, shown


@pytest.mark.parametrize(
    ("address", "text"), [("10.77.5.1", "10.77.5.1:22"), ("fd77:5::1", "[fd77:5::1]:22")]
)
def test_endpoint_in_words(address: str, text: str) -> None:
    """An IPv6 address stands in brackets before its port (RFC 3986)."""
    assert text == str(Endpoint(address, 22))


def test_packet_that_was_kept_in_part_is_truncated() -> None:
    """The snapshot was smaller than the frame."""
    whole = packet(">", "SYN")
    assert (False, True) == (whole.truncated, replace(whole, captured=40).truncated)


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_packet_of_a_number_that_is_not_there(number: int) -> None:
    """Numbers count from 1, as in Wireshark; 0 and -1 are no way to the last packet."""
    facts = shown([packet(">", "SYN"), packet("<", "RST", "ACK")])
    assert [1, 2] == [facts.packet(each).number for each in (1, 2)]
    with pytest.raises(KeyError):
        facts.packet(number)
