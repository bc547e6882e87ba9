"""Facts of a whole capture: packets that were kept in part, and a capture that could not be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.evidence.packets import facts
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.model import DecodedCapture, Facts
from sharklab.evidence.packets.reader import read
from sharklab.message import Message
from tests.support import packets_made
from tests.support.packets_sample import only, recorded


def test_facts_tell_truncated_packets() -> None:
    """Every packet of the small snapshot is truncated, and has no handshake to show."""
    short = recorded("short.pcap")
    assert tuple(range(1, 42)) == short.truncated
    assert () == only("short.pcap").handshake


def test_facts_of_no_packets_are_empty() -> None:
    """A recording that could not be read keeps its problem."""
    assert Facts(problem=Message("gone")) == facts(DecodedCapture((), problem=Message("gone")))


@pytest.mark.parametrize("timeless", [False, True])
def test_facts_follow_the_times_of_packets(timeless: bool) -> None:
    """Files that were put together begin anywhere; the packets keep their numbers."""
    whole = recorded("ssh.pcap")
    packets = list(whole.packets)
    packets[0], packets[1] = packets[1], packets[0]
    if timeless:
        packets[5] = replace(packets[5], time=0.0)
    numbered = tuple(replace(packet, number=number) for number, packet in enumerate(packets, 1))
    found = facts(DecodedCapture(numbered))
    [talk], [before] = found.conversations, whole.conversations
    assert len(talk.handshake) == 3 and talk.closed_by == before.closed_by == "fin"
    assert (2, 1, 3) == talk.handshake
    assert numbered == found.packets


def test_facts_of_a_capture_from_the_last_packet_to_the_first(tmp_path: Path) -> None:
    """Every packet has a time of its own: the connection is whole, in the order of its times."""
    tcp = packets_made.Tcp(packets_made.Way("192.0.2.1", "192.0.2.2"), 50_000, 22)
    frames = [packets_made.LINKS["ethernet"].wrap(packet, "<") for packet in packets_made.exchange(tcp)]
    whole = open_capture(packets_made.pcap(tmp_path / "a.pcap", 1, frames, "<", 1000))
    ordered = read(whole).packets
    numbered = tuple(replace(packet, number=number) for number, packet in enumerate(ordered[::-1], 1))
    [talk] = facts(DecodedCapture(numbered)).conversations
    assert ((8, 7, 6), (8, 7, 6, 5, 4, 3, 2, 1)) == (talk.handshake, talk.packets)
    assert ("fin", (1, 2, 3)) == (talk.closed_by, talk.closing)
