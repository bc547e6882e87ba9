"""One conversation of a capture."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.evidence.packets import following
from tests.support.errors import error_of

DATA = Path(__file__).parents[3] / "data"


def test_a_conversation_keeps_the_numbers_of_the_capture() -> None:
    """Its facts are of its packets alone."""
    found = following.follow(DATA / "dns.pcap", "udp 1")
    assert [3, 4] == list(found.numbers)
    assert 2 == len(found.facts.packets) and 1 == len(found.facts.conversations)


@pytest.mark.parametrize("talk", ["", "tcp", "tcp x", "tcp 1 or frame", "icmp 1", "udp 99999"])
def test_what_is_no_conversation_is_refused(talk: str) -> None:
    """Nothing of it becomes a filter."""
    error_of(InputError, following.follow, DATA / "dns.pcap", talk)
