"""Terminals by name: which one, how many, and when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.hosts.door import keeper as module
from sharklab.hosts.door.keeper import Keeper, TerminalKey, Visit
from tests.support.errors import error_of

KEY = TerminalKey("lab", "alice", "server", 1)
OWNER = Visit("alice", types=True, sizes=True)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    """Keep terminals during a test."""
    own = Keeper()
    yield own
    own.close()


def test_a_terminal_is_of_one_student_one_host_one_number(keeper: Keeper) -> None:
    """A second visit finds it again."""
    keys = [KEY, replace(KEY, student="bob"), replace(KEY, host="client"), replace(KEY, number=2), KEY]
    with_sockets = [keeper.attach(key, OWNER, lambda: ["cat"]) for key in keys]
    assert 4 == keeper.count
    for each in with_sockets:
        each.close()


def test_a_watcher_begins_no_shell(keeper: Keeper) -> None:
    """There is nothing to watch."""
    error = error_of(InputError, keeper.attach, KEY, Visit("teacher", False, False), lambda: ["cat"])
    assert "server" == error.place and not keeper.count


def test_a_seat_has_a_bound(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are not concerned."""
    monkeypatch.setattr(module, "MOST_OF_SEAT", 1)
    first = keeper.attach(KEY, OWNER, lambda: ["cat"])
    error = error_of(InputError, keeper.attach, replace(KEY, number=2), OWNER, lambda: ["cat"])
    assert 1 == error.values["most"]
    keeper.attach(replace(KEY, student="bob"), OWNER, lambda: ["cat"]).close()
    first.close()


def test_a_program_that_cannot_start_is_an_error(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves no terminal."""
    monkeypatch.setenv("PATH", "/nonexistent")
    error = error_of(MachineryError, keeper.attach, KEY, OWNER, lambda: ["cat"])
    assert error.values["reason"] and not keeper.count


def test_visits_end_and_the_student_stays(keeper: Keeper) -> None:
    """At all terminals of the seat."""
    own = keeper.attach(KEY, OWNER, lambda: ["cat"])
    helper = keeper.attach(KEY, Visit("teacher", False, False), lambda: ["cat"])
    keeper.end_visits("lab", "bob")
    keeper.end_visits("lab", "alice")
    helper.settimeout(60)
    while helper.recv(1 << 17):
        pass
    own.send(b"ihello\n")
    own.settimeout(60)
    while b"hello" not in own.recv(1 << 17):
        pass
    own.close()
    helper.close()
