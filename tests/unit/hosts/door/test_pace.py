"""Turns: terminals that print share the bytes of each."""

from __future__ import annotations

from sharklab.hosts.door import pace
from sharklab.hosts.door.pace import Pace


def test_terminals_that_print_share_a_turn() -> None:
    """One alone has all of it; the part of one that has ended is free again."""
    own = Pace()
    assert [pace.TURN, pace.TURN // 2, pace.TURN // 3] == [own.begin() for _ in range(3)]
    own.end()
    own.end()
    assert pace.TURN // 2 == own.begin()


def test_terminal_prints_a_screen_however_many_others_print() -> None:
    """Else a prompt among many floods would come in pieces."""
    own = Pace()
    assert pace.LEAST == [own.begin() for _ in range(1000)][-1]
