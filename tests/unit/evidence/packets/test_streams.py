"""The conversations of a large capture, as tshark counts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.evidence.packets import display_filter, facts
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.streams import streams
from tests.support.capture_files import recording
from tests.support.errors import error_of

DATA = Path(__file__).parents[3] / "data"


@pytest.mark.parametrize("name", ["dns.pcap", "reuse.pcap"])
def test_streams_are_the_conversations(name: str) -> None:
    """Ends and packets are those that a whole reading finds; the largest comes first."""
    talks = facts(recording(DATA / name)).conversations
    found = streams(DATA / name)
    expected = sorted((talk.transport, str(talk.client), len(talk.packets)) for talk in talks)
    assert expected == sorted((each.transport, str(each.ends[0]), each.packets) for each in found)
    assert sorted((each.packets for each in found), reverse=True) == [each.packets for each in found]


def test_filter_of_a_stream_chooses_its_packets() -> None:
    """The filter that is shown works."""
    capture = open_capture(DATA / "dns.pcap")
    for each in streams(DATA / "dns.pcap")[:2]:
        assert each.packets == len(display_filter.numbers(capture, each.filter))


def test_error_of_icmp_belongs_to_the_stream_that_it_quotes() -> None:
    """The filter of the stream chooses it as well, as in Wireshark."""
    [found] = streams(DATA / "udp_reject.pcap")
    assert ("10.77.5.1", 2) == (found.ends[0].address, found.packets)


def test_streams_of_no_capture_are_an_error(tmp_path: Path) -> None:
    """The caller knows what to say of such a file."""
    file = tmp_path / "zeros"
    file.write_bytes(bytes(1_000))
    error_of(MachineryError, streams, file)
