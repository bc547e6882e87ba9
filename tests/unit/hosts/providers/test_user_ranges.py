"""The users that stand for those of a host: each range is one host's, and that of no other tool."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.providers import boot, claims, user_ranges
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use marks and lists of delegated users of the test's own; return the list."""
    monkeypatch.setattr(claims, "MARKS", tmp_path / "marks")
    monkeypatch.setattr(user_ranges, "DELEGATED", (tmp_path / "subuid",))
    for seat in ("a", "b"):
        claims.claim(seat, tmp_path / seat)
    return tmp_path / "subuid"


def test_ranges_differ_and_are_kept() -> None:
    """A host has the same range at its next start; the same name in another seat is another host."""
    taken = [user_ranges.take(*who) for who in (("a", "server"), ("a", "client"), ("b", "server"))]
    assert [user_ranges.FIRST + number * boot.COUNT for number in range(3)] == taken
    assert taken[1] == user_ranges.take("a", "client")


def test_ranges_of_a_seat_are_free_after_its_mark() -> None:
    """`down` gives them back with the mark."""
    first = user_ranges.take("a", "server")
    claims.release("a")
    assert first == user_ranges.take("b", "server")


def test_two_starts_at_once_take_two_ranges() -> None:
    """The lock keeps them apart."""
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda number: user_ranges.take("ab"[number % 2], f"h{number}"), range(32)))
    assert 32 == len(set(taken))


def test_ranges_of_other_tools_are_left(machine: Path) -> None:
    """As subuid(5) lists them; a line that is none is nobody's."""
    machine.write_text(f"ada:{user_ranges.FIRST + 5}:10\nnonsense\n")
    assert user_ranges.FIRST + boot.COUNT == user_ranges.take("a", "server")


def test_no_range_is_left(machine: Path) -> None:
    """The error names the list that holds them all."""
    machine.write_text("root:0:4294967295\n")
    error = error_of(MachineryError, user_ranges.take, "a", "server")
    assert ("no users are left for a host", str(machine)) == (error.message_id, error.place)
