"""Turns: terminals that print share the bytes of each."""

from __future__ import annotations

import os
from unittest.mock import Mock

import pytest

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


def test_who_may_not_set_the_niceness_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user without rights, or for a process that has just ended."""
    for error in (PermissionError, ProcessLookupError):
        monkeypatch.setattr(os, "setpriority", Mock(side_effect=error))
        pace.set_niceness(pace.EAGER)
