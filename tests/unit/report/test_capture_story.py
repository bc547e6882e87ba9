"""A capture explained without a lab: which conversations, and which of their packets."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from sharklab.errors import InputError
from sharklab.evidence.packets.explanation import LIMIT
from sharklab.report import capture_story
from sharklab.report.capture_story import Choice
from tests.support import packets_made
from tests.support.errors import error_of
from tests.support.packets_made import LINKS, Tcp, Way, exchange
from tests.support.stories import told, told_of


def test_story_numbers_conversations_in_their_order() -> None:
    """Datagrams of one service are one conversation; every packet has its place once."""
    shown = told("dns.pcap")
    assert [(1, 10), (2, 10), (3, 2)] == [(talk.number, talk.packets) for talk in shown.talks]
    assert tuple(range(1, 23)) == shown.numbers
    assert ("DNS",) == shown.talks[0].protocols


def test_story_tells_packets_of_no_conversation() -> None:
    """ARP comes last, without a number."""
    *_, rest = told("icmp.pcap").talks
    assert (0, 2, "ARP: 2", None) == (rest.number, rest.packets, rest.summary, rest.talk)
    assert [1, 2] == [line.number for line in rest.lines]


def test_story_of_one_conversation_keeps_its_number() -> None:
    """Others are not told, nor are packets of none."""
    shown = told("icmp.pcap", Choice(conversations=(3,)))
    assert [3] == [talk.number for talk in shown.talks]
    assert (3, True) == (shown.conversations, shown.chosen)


def test_story_of_an_unknown_conversation_is_an_input_error() -> None:
    """The error has the number and how many there are."""
    error = error_of(InputError, told, "dns.pcap", Choice(conversations=(2, 9)))
    assert (9, 3) == (error.values["number"], error.values["count"])


def test_story_of_a_filter_explains_its_packets_only() -> None:
    """Conversations with none of them are left out; their packets keep what came before in mind."""
    shown = told("dns.pcap", Choice(packets=frozenset({2, 13})))
    assert [(1, [2]), (2, [13])] == [
        (talk.number, [line.number for line in talk.lines]) for talk in shown.talks
    ]
    assert [0, 0] == [talk.left for talk in shown.talks]
    assert "3-way handshake" in shown.talks[1].lines[0].what


def test_story_shares_its_packets_among_conversations(tmp_path: Path) -> None:
    """No conversation is without words because the first one is long, and the whole stays in the limit."""
    way = Way("10.0.0.1", "10.0.0.2")
    long = Tcp(way, 40_000, 80)
    data = [long.client(24, 1 + n, 1, b"x") for n in range(2 * LIMIT)]
    small = [exchange(Tcp(way, 40_001 + n, 80)) for n in range(60)]
    packets = [*long.opening, *data, *chain.from_iterable(small)]
    frames = [LINKS["ethernet"].wrap(each, "<") for each in packets]
    shown = told_of(packets_made.pcap(tmp_path / "big.pcap", 1, frames, "<", 1000))
    first, second, *_ = shown.talks
    assert LIMIT == len(shown.numbers)
    assert (8, 0) == (len(second.lines), second.left)
    assert capture_story.LEAST <= len(first.lines) == first.packets - first.left


@pytest.mark.parametrize(("name", "cut"), [("refused.cut", True), ("refused.pcap", False)])
def test_problem_is_told_of_a_cut_capture(name: str, cut: bool) -> None:
    """What was read is told all the same."""
    shown = told(name)
    assert (bool(shown.talks), cut) == (True, capture_story.problem(shown.facts) is not None)


def test_header_alone_is_told(tmp_path: Path) -> None:
    """A capture without packets has no conversation and says so."""
    file = tmp_path / "empty.pcap"
    packets_made.pcap(file, 1, [], "<", 1000)
    shown = told_of(file)
    problem = capture_story.problem(shown.facts)
    assert problem and "header" in problem.msgid
    assert ((), 0.0, 0.0) == (shown.talks, shown.start, shown.duration)


def test_plain_has_both_ends_and_every_packet() -> None:
    """A script finds the conversations as data."""
    plain: Any = capture_story.plain(told("refused.pcap"))
    [talk] = plain["conversations"]
    assert ("10.77.5.2:8001", [1, 2], ["1", "2"]) == (talk["server"], talk["packets"], [*talk["explained"]])


def test_icmp_of_a_router_belongs_to_the_conversation_that_it_refuses() -> None:
    """An error is told with the packets that it is about."""
    [talk, _] = told("reject.pcap").talks
    assert [1, 2] == [line.number for line in talk.lines]


@pytest.mark.parametrize("link", LINKS)
def test_story_is_the_same_over_every_link(link: str, tmp_path: Path) -> None:
    """Raw IP, Linux cooked, the loopback of BSD and VLANs show the same conversations."""
    kind = LINKS[link]
    frames = [kind.wrap(each, "<") for each in packets_made.traffic(1)]
    shown = told_of(packets_made.pcap(tmp_path / "any.pcap", kind.number, frames, "<", 1000))
    assert [8, 8, 2, 2, 2] == [talk.packets for talk in shown.talks]
