"""A packet of a connection beside those that came before it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.evidence.packets.model import Option, Packet
from sharklab.evidence.packets.moment import Moment
from sharklab.evidence.packets.tcp_options import WINDOW_SCALE
from tests.support.packets_sample import packet, shown

OPEN = (
    packet(">", "SYN", seq=100),
    packet("<", "SYN", "ACK", seq=500, ack=101),
    packet(">", "ACK", seq=101, ack=501),
)
DATA = (
    packet(">", "PSH", "ACK", seq=101, ack=501, payload=6),
    packet(">", "PSH", "ACK", seq=107, ack=501, payload=4),
    packet("<", "ACK", seq=501, ack=111),
)


def moment(number: int, *packets: Packet) -> Moment:
    """Return the moment of the packet of that number, in a connection of these packets."""
    facts = shown(packets)
    before, after = facts.packets[: number - 1], facts.packets[number:]
    return Moment(facts.packet(number), facts.conversations[0], before, after)


def test_moment_knows_both_sides() -> None:
    """Its sender, the packets of each side, and where their numbers begin."""
    answer = moment(2, *OPEN)
    assert (False, 500, 100) == (answer.by_client, answer.start, answer.other_start)
    assert ((), [1]) == (answer.own, [each.number for each in answer.others])


@pytest.mark.parametrize(("number", "expected"), [(1, []), (2, [1]), (3, [2]), (4, []), (6, [4, 5])])
def test_moment_acknowledges_what_is_new(number: int, expected: list[int]) -> None:
    """SYN, FIN and data take numbers; what was acknowledged before does not count again."""
    assert expected == [each.number for each in moment(number, *OPEN, *DATA).acknowledged]


def test_moment_acknowledges_across_the_end_of_the_numbers() -> None:
    """Sequence numbers start again after 2**32 - 1 (RFC 9293)."""
    last = (1 << 32) - 1
    syn, data = packet(">", "SYN", seq=last - 1), packet(">", "ACK", seq=last, ack=501, payload=4)
    answer = packet("<", "SYN", "ACK", seq=500, ack=3)
    assert [1, 2] == [each.number for each in moment(3, syn, data, answer).acknowledged]


def test_moment_finds_the_packet_that_is_sent_again() -> None:
    """The first of those with the same numbers; an ACK without data repeats nothing."""
    again = moment(7, *OPEN, *DATA, DATA[0])
    assert again.original and 4 == again.original.number
    assert moment(7, *OPEN, *DATA, OPEN[2]).original is None


def test_moment_of_a_refusal_has_no_numbers() -> None:
    """A host that refuses sends 0; a side that has spoken has its numbers."""
    refusal = packet("<", "RST", "ACK", ack=101)
    assert (False, True) == (moment(2, OPEN[0], refusal).knows_start, moment(4, *OPEN, refusal).knows_start)


@pytest.mark.parametrize(
    ("client", "server", "factor"), [(7, 2, 128), (7, None, 1), (None, None, 1), (99, 0, 1 << 14)]
)
def test_moment_has_the_factor_of_its_window(client: int | None, server: int | None, factor: int) -> None:
    """Both sides have to offer it; more than 14 bits do not count (RFC 7323, 2.2 and 2.3)."""
    shifts = [() if shift is None else (Option(WINDOW_SCALE, (shift,)),) for shift in (client, server)]
    syns = [replace(syn, options=options) for syn, options in zip(OPEN, shifts, strict=False)]
    assert (1, factor) == (moment(2, *syns, OPEN[2]).factor, moment(3, *syns, OPEN[2]).factor)
    assert moment(1, OPEN[2]).factor is None
