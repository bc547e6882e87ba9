"""Statuses have one order of gravity, by which every page leads."""

from __future__ import annotations

import pytest

from sharklab.checks.outcome import Answer, Outcome, Status, Verdict, both
from sharklab.message import Message


@pytest.mark.parametrize(
    ("statuses", "gravest"),
    [
        ("error failed inconclusive passed skipped", "error"),
        ("failed inconclusive passed skipped", "failed"),
        ("inconclusive passed skipped", "inconclusive"),
        ("passed skipped", "passed"),
        ("skipped", "skipped"),
        ("", "skipped"),
    ],
)
def test_gravest_takes_the_first_of_the_order(statuses: str, gravest: str) -> None:
    """A check that certainly went wrong leads; a skipped check counts only where there is no other."""
    assert gravest == Status.gravest(map(Status, reversed(statuses.split())))


@pytest.mark.parametrize(
    ("statuses", "achieved"),
    [
        ("passed", True),
        ("passed skipped", True),
        ("skipped", False),
        ("passed failed", False),
        ("passed inconclusive", False),
        ("error", False),
    ],
)
def test_achieved_needs_every_check_and_answer(statuses: str, achieved: bool) -> None:
    """A skipped check is no fault, and no achievement by itself; an answer counts like a check."""
    message = Message("x")
    first, *rest = map(Status, statuses.split())
    outcomes = tuple(Outcome("x", status, message, message) for status in rest)
    answers = (Answer("x", message, None, first),)
    assert achieved is Verdict("x", outcomes, answers).achieved


def test_both_says_one_sentence_after_the_other() -> None:
    """Each is translated by itself."""
    assert "One. Two." == str(both(Message("One."), Message("Two.")))


def test_of_tells_good_evidence_from_bad() -> None:
    """Good evidence passes."""
    assert [Status.PASSED, Status.FAILED] == [Status.of(True), Status.of(False)]
