"""Facts of a whole capture: packets that were kept in part, and a capture that could not be read."""

from __future__ import annotations

from sharklab.evidence.packets import facts
from sharklab.evidence.packets.model import Facts, Recording
from sharklab.message import Message
from tests.support.packets_sample import only, recorded


def test_facts_tell_truncated_packets() -> None:
    """Every packet of the small snapshot is truncated, and has no handshake to show."""
    short = recorded("short.pcap")
    assert tuple(range(1, 42)) == short.truncated
    assert () == only("short.pcap").handshake


def test_facts_of_no_packets_are_empty() -> None:
    """A recording that could not be read keeps its problem."""
    assert Facts(problem=Message("gone")) == facts(Recording((), problem=Message("gone")))
