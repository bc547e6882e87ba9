"""Captures that are joined in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import limits
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.joining import join
from sharklab.evidence.packets import container
from sharklab.evidence.packets.container import link_types, open_capture
from tests.support import packets_made
from tests.support.packets_made import LINKS, Tcp, Way

PACKETS = packets_made.exchange(Tcp(Way("192.0.2.1", "192.0.2.7"), 50_000, 22))
ETHERNET = LINKS["ethernet"]


def part(file: Path, *numbers: int, unit: int = 1000, link: str = "ethernet") -> RecordedCapture:
    """Write those packets of a connection, each at the time that it has in the whole of it."""
    frames = [LINKS[link].wrap(packet, "<") for packet in PACKETS]
    whole = packets_made.pcap(file, LINKS[link].number, frames, "<", unit)
    content, places = whole.read_bytes(), open_capture(whole).packets
    chosen = (content[at - 16 : at + length] for at, length in (places[number - 1] for number in numbers))
    file.write_bytes(content[:24] + b"".join(chosen))
    return RecordedCapture(file.stem, "client", file)


def test_join_orders_the_packets_by_their_times(tmp_path: Path) -> None:
    """The whole connection is there, as if one program had recorded it; each packet is in it once."""
    end, begin = part(tmp_path / "b.pcap", 4, 5, 6, 7, 8), part(tmp_path / "a.pcap", 1, 2, 3, 4, unit=1)
    joined = join([end, begin])
    assert joined
    [talk] = joined.capture.facts.conversations
    assert ((1, 2, 3), "fin", 8) == (talk.handshake, talk.closed_by, len(talk.packets))
    assert {end.path: (4, 5, 6, 7, 8), begin.path: (1, 2, 3)} == joined.numbers
    assert (8, "b") == (len(joined.capture.container.packets), joined.capture.id)


def test_join_keeps_that_the_end_of_a_file_is_missing(tmp_path: Path) -> None:
    """Only whole captures prove that something is absent."""
    parts = [part(tmp_path / "a.pcap", 1, 2, 3), part(tmp_path / "b.pcap", 4, 5, 6)]
    parts[0].path.write_bytes(parts[0].path.read_bytes() + b"half")
    joined = join(parts)
    assert joined and joined.capture.facts.cut and 6 == len(joined.capture.facts.packets)


def test_join_takes_none_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another link type, a file without packets, one that is no capture, too many packets."""
    first, second = part(tmp_path / "a.pcap", 1, 2), part(tmp_path / "b.pcap", 3)
    (tmp_path / "no.pcap").write_text("no capture")
    others = [part(tmp_path / "c.pcap", 4, link="raw"), part(tmp_path / "d.pcap")]
    for other in (*others, RecordedCapture("no", "client", tmp_path / "no.pcap")):
        assert join([first, other]) is None
    monkeypatch.setattr(container, "CAPTURE", limits.CaptureLimits(packets=2))
    assert join([first, second]) is None


def test_link_types_of_a_pcapng_are_those_of_its_interfaces(tmp_path: Path) -> None:
    """In either byte order."""
    for order in "<>":
        file = packets_made.pcapng(
            tmp_path / "a", [(ETHERNET, PACKETS[0]), (LINKS["sll"], PACKETS[1])], order
        )
        assert {1, 113} == link_types(open_capture(file))
