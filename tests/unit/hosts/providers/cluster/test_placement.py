"""The member of a seat: the emptiest one that has the memory."""

from __future__ import annotations

from sharklab.errors import MachineryError
from sharklab.hosts.providers.cluster.placement import RESERVE, Candidate, choose, room
from tests.support.errors import error_of

MIB = 2**20


def test_seats_are_spread_before_a_member_fills() -> None:
    """Hosts that are placed count, although their memory may not be taken yet."""
    placed = dict.fromkeys(("m1", "m2", "m3"), 0)
    for _ in range(6):
        places = [Candidate(name, 4096 * MIB, count * 52 * MIB) for name, count in placed.items()]
        placed[choose(places, 104 * MIB)] += 2
    assert {"m1": 4, "m2": 4, "m3": 4} == placed


def test_a_larger_member_takes_more_seats() -> None:
    """The part of the room counts, not the number of hosts."""
    places = [Candidate("small", 1024 * MIB, 208 * MIB), Candidate("large", 8192 * MIB, 416 * MIB)]
    assert "large" == choose(places, 104 * MIB)


def test_of_equal_members_the_one_with_more_memory_is_taken() -> None:
    """No host is placed on either."""
    assert "m2" == choose([Candidate("m1", 2048 * MIB, 0), Candidate("m2", 2049 * MIB, 0)], 104 * MIB)


def test_a_member_without_memory_is_left_out() -> None:
    """Other programs may use it, whatever seats are placed there."""
    places = [Candidate("full", RESERVE + 103 * MIB, 0), Candidate("m2", 1024 * MIB, 520 * MIB)]
    assert "m2" == choose(places, 104 * MIB)
    error = error_of(MachineryError, choose, places[:1], 104 * MIB)
    assert "full: 359 MiB" == error.values["free"]
    assert "-" == error_of(MachineryError, choose, [], 104 * MIB).values["free"]


def test_room_is_that_of_all_members() -> None:
    """A member below its reserve has none."""
    assert 3 == room({"m1": RESERVE + 120 * MIB, "m2": RESERVE + 52 * MIB, "m3": 0}, 52 * MIB)
