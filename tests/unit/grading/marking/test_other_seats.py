"""The seats of a course, beside a student's own one."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from sharklab.evidence.packets.model import Conversation, Endpoint
from sharklab.grading.marking import other_seats
from sharklab.grading.marking.other_seats import OtherSeats
from sharklab.lab import seat
from sharklab.lab.load import read_named

NETWORKS = frozenset(map(ip_network, ("10.99.1.0/24", "fd00:1:2:3::/64")))


@pytest.mark.parametrize(
    ("client", "server", "known"),
    [
        ("10.99.1.7", "10.99.1.9", True),
        ("fd00:1:2:3::7", "fd00:1:2:3::9", True),
        ("10.99.1.7", "192.0.2.9", False),
        ("10.99.2.7", "10.99.2.9", False),
        ("fd00:1:2:4::7", "fd00:1:2:4::9", False),
    ],
)
def test_have_a_conversation_of_which_both_ends_are_theirs(client: str, server: str, known: bool) -> None:
    """A campus may have the addresses of a seat, but its students talk to the Internet."""
    talk = Conversation("tcp", Endpoint(client, 50001), Endpoint(server, 22), (1,))
    assert known is OtherSeats(frozenset(), NETWORKS).have(talk)
    assert known is OtherSeats(frozenset(), NETWORKS).have(replace(talk, client=talk.server))
    assert not OtherSeats(frozenset(), frozenset()).have(talk)


def test_of_a_course_has_every_seat_but_the_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the register, which knows the networks of every lab, over IPv4 and IPv6."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    lab = read_named("tp4")
    own, other = seat.register_all(lab, ["alice", "bob"])
    known = other_seats.of(own)
    ours, theirs = (
        {ip for places in each.addresses.values() for at in places.values() for ip in (at.ipv4, at.ipv6)}
        for each in (own, other)
    )
    assert {str(ip.ip) for ip in ours} == known.own
    assert {ip.network for ip in theirs} == known.networks
