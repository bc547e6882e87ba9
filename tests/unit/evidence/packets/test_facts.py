"""Facts of a whole capture: packets that were kept in part, and a capture that could not be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

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


@pytest.mark.parametrize("timeless", [False, True])
def test_facts_follow_the_times_of_packets(timeless: bool) -> None:
    """Files that were put together begin anywhere; the packets keep their numbers."""
    whole = recorded("ssh.pcap")
    packets = list(whole.packets)
    packets[0], packets[1] = packets[1], packets[0]
    if timeless:
        packets[5] = replace(packets[5], time=0.0)
    numbered = tuple(replace(packet, number=number) for number, packet in enumerate(packets, 1))
    found = facts(Recording(numbered))
    [talk], [before] = found.conversations, whole.conversations
    assert len(talk.handshake) == 3 and talk.closed_by == before.closed_by == "fin"
    assert (2, 1, 3) == talk.handshake
    assert numbered == found.packets
