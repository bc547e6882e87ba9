"""Who is the client of a conversation, also where no SYN tells it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharklab.evidence.packets.model import Conversation, Packet, Role
from tests.support.packets_sample import packet, shown

INNER, OUTER, OTHER = "192.168.1.7", "142.250.75.238", "1.1.1.1"
PORTS = st.integers(1, 65535)
ROLES = {">": Role.CLIENT, "<": Role.SERVER}


def only(packets: list[Packet]) -> Conversation:
    """Return the one conversation of a capture of these packets."""
    [talk] = shown(packets).conversations
    return talk


@settings(deadline=None, max_examples=40)
@given(
    local=PORTS,
    port=PORTS,
    ends=st.permutations([INNER, OUTER, OTHER]),
    body=st.lists(st.tuples(st.sampled_from("<>"), st.booleans()), max_size=8),
    telling=st.integers(0, 8),
    side=st.sampled_from("<>"),
)
def test_sides_without_the_syn_are_those_with_it_where_contents_tell(
    local: int, port: int, ends: list[str], body: list[tuple[str, bool]], telling: int, side: str
) -> None:
    """Wherever the capture begins, whatever the ports and addresses are, and whoever is first to be seen."""
    made = partial(packet, ends=(ends[0], ends[1]), local=local, port=port)
    data = [made(arrow, "ACK", role=ROLES[arrow] if tells else Role.OPEN) for arrow, tells in body]
    data.insert(min(telling, len(data)), made(side, "PSH", "ACK", role=ROLES[side], payload=9))
    opening = [made(">", "SYN", seq=1), made("<", "SYN", "ACK", seq=7, ack=2)]
    whole, late = only([*opening, *data]), only(data)
    assert (whole.client, whole.server, True) == (late.client, late.server, late.sure)


@pytest.mark.parametrize(
    ("ends", "local", "port"),
    [
        ((INNER, OUTER), 40000, 443),
        ((INNER, OUTER), 443, 40000),
        ((OTHER, OUTER), 50000, 3478),
        (("2001:4860::7", "2001:4860::8"), 50000, 443),
        ((INNER, "239.255.255.250"), 1900, 50000),
    ],
    ids=["inner", "inner although the port is low", "port", "port of IPv6", "a group of hosts is called"],
)
def test_sides_without_contents_are_the_likelier_ones(ends: tuple[str, str], local: int, port: int) -> None:
    """An inner address calls out, and systems give clients a high port; the order tells less."""
    for arrow in "<>":
        talk = only([packet(arrow, "ACK", ends=ends, local=local, port=port)])
        assert (ends[0], False) == (talk.client.address, talk.sure)


@pytest.mark.parametrize(("local", "port"), [(760, 2049), (50000, 61000), (2049, 760)])
def test_sides_never_follow_from_the_lower_port(local: int, port: int) -> None:
    """A client of NFS takes a port below 1024: where nothing tells, the first to speak is the client."""
    talk = only([packet(arrow, "ACK", local=local, port=port) for arrow in "><"])
    assert (local, False) == (talk.client.port, talk.sure)


def test_sides_of_contents_that_contradict_each_other_are_not_sure() -> None:
    """Two peers that ask each other are both client and server."""
    ask = packet(">", local=5000, port=6000, role=Role.CLIENT)
    talk = only([replace(ask, role=Role.SERVER), ask])
    assert not talk.sure


def test_sides_of_a_lone_syn_ack_are_sure() -> None:
    """Who accepts a connection is its server."""
    talk = only([packet("<", "SYN", "ACK", local=80, port=50000)])
    assert (80, True) == (talk.client.port, talk.sure)


def test_sides_of_a_name_that_is_no_address_follow_from_the_ports() -> None:
    """A header that is cut short has no address."""
    talk = only([packet("<", "ACK", ends=("", ""), local=50000, port=80)])
    assert 50000 == talk.client.port
