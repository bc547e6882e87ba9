"""The changes of a class: who has one since a number, and who waits for the next."""

from __future__ import annotations

import threading

import pytest

from sharklab.cli.workbench.desk import change_counter
from sharklab.cli.workbench.desk.change_counter import ChangeCounter


def test_changes_since_a_number_are_told() -> None:
    """The last one of each student counts; without a change there is nobody."""
    own = ChangeCounter()
    assert (0, []) == own.wait(-1, 0)
    own.note("alice", "bob")
    now, students = own.wait(0, 0)
    assert {"alice", "bob"} == set(students)
    own.note("bob")
    assert ["bob"] == own.wait(now, 0)[1]
    assert (2, []) == own.wait(2, 0)


def test_whoever_waits_hears_of_the_next() -> None:
    """At once, and not at the end of the time."""
    own, heard = ChangeCounter(), list[str]()
    waiting = threading.Thread(target=lambda: heard.extend(own.wait(0, 60)[1]))
    waiting.start()
    own.note("alice")
    waiting.join(60)
    assert ["alice"] == heard


def test_sign_of_a_command_is_a_change_of_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits hears of it, once; the sign that was there at the start is no change."""
    monkeypatch.setattr(change_counter, "LOOK", 0.001)
    signs = iter([1, 1, 1, 2])
    own = ChangeCounter(("alice", "bob"), lambda: next(signs, 2))
    assert (0, []) == own.wait(-1, 0)
    assert (1, ["alice", "bob"]) == own.wait(0, 60)
    assert (1, []) == own.wait(1, 0.01)
