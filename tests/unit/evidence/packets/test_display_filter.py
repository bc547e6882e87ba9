"""Packets chosen by a display filter."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.evidence.packets import display_filter
from sharklab.evidence.packets.container import open_capture, parse
from tests.support.errors import error_of

DATA = Path(__file__).parents[3] / "data"


def test_numbers_are_those_of_the_whole_capture() -> None:
    """As Wireshark shows them with the same filter."""
    capture = open_capture(DATA / "refused.pcap")
    assert frozenset({2}) == display_filter.numbers(capture, "tcp.flags.reset == 1")
    assert frozenset() == display_filter.numbers(capture, "udp")


@pytest.mark.parametrize("filter", ["no.such.field", "ip.addr ==", "ip.addr == 300.1.1.1"])
def test_check_refuses_a_filter_in_the_words_of_tshark(filter: str) -> None:
    """The first line of tshark tells the fault, without the picture under it."""
    error = error_of(InputError, display_filter.check, filter)
    assert filter in str(error.place)
    said = str(error.values["said"])
    assert said and not said.startswith("tshark:") and "^" not in said


def test_check_takes_a_filter_that_finds_nothing() -> None:
    """A filter is right whatever the capture holds."""
    display_filter.check("nfs && ip.addr == 192.0.2.1")


def test_check_blames_tshark_where_tshark_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter is not at fault then."""
    monkeypatch.setattr("shutil.which", lambda tool: None)
    error_of(MachineryError, display_filter.check, "tcp")


def test_extract_takes_the_packets_out() -> None:
    """The packets of the filter are a capture of their own."""
    path = DATA / "ssh.pcap"
    found = parse(path, display_filter.extract(path, "tcp.flags.syn == 1"))
    chosen = display_filter.numbers(open_capture(path), "tcp.flags.syn == 1")
    frames = list(open_capture(path).frames)
    assert [frames[number - 1] for number in sorted(chosen)] == list(found.frames)
