"""The packets of a capture that grows: however its bytes are cut, whatever is in it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharklab.evidence.packets import growing
from sharklab.evidence.packets.growing import Splitter
from sharklab.limits import CAPTURE
from tests.support.recordings import Opened, recordings

DATA = Path(__file__).parents[3] / "data"
CONTENT = (DATA / "dns.pcap").read_bytes()
HEADER = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Return a function that writes a recording and gives its descriptor."""
    with recordings(tmp_path) as write:
        yield write


@pytest.mark.parametrize("name", ["refused.pcap", "dns.pcap"])
def test_a_stream_may_be_cut_at_every_byte(name: str) -> None:
    """Every packet is found where it lies, and nothing of one that is not whole yet."""
    content = (DATA / name).read_bytes()
    whole = Splitter()
    assert content == whole.add(content)
    for cut in range(len(content)):
        splitter = Splitter()
        first, second = splitter.add(content[:cut]), splitter.add(content[cut:])
        assert content == first + second
        assert (whole.starts, whole.end) == (splitter.starts, splitter.end)


@pytest.mark.parametrize(
    "content", [b"no pcap at all" * 3, HEADER + struct.pack("<4I", 0, 0, CAPTURE.record + 1, 0)]
)
def test_a_stream_that_is_no_capture_is_refused(content: bytes) -> None:
    """Nothing of it is kept in memory."""
    with pytest.raises(ValueError):
        Splitter().add(content)


def test_packet_that_is_not_whole_yet_is_left_out(opened: Opened) -> None:
    """The place in the file of whoever gave it does not move."""
    handle = opened(CONTENT[:-3])
    with growing.whole_packets(handle) as (file, splitter):
        assert CONTENT[: splitter.starts[-1]] == CONTENT[: splitter.end][: splitter.starts[-1]]
        assert CONTENT[: splitter.end] == file.read() == Path(file.name).read_bytes()
        count = len(splitter.starts)
    with growing.whole_packets(opened(CONTENT)) as (_, splitter):
        assert count + 1 == len(splitter.starts)
    assert 0 == os.lseek(handle, 0, os.SEEK_CUR) and not Path(file.name).exists()


def test_recording_is_read_in_pieces(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they cut its packets; what is too large is not read to its end."""
    monkeypatch.setattr(growing, "PIECE", 100)
    with growing.whole_packets(opened(CONTENT)) as (file, _):
        assert CONTENT == file.read()
    monkeypatch.setattr(growing, "MOST", 300)
    with growing.whole_packets(opened(CONTENT)) as (file, splitter):
        assert 0 < splitter.end <= 400 < len(CONTENT) and CONTENT[: splitter.end] == file.read()
