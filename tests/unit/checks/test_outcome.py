"""Statuses have one order of gravity, by which every page leads."""

from __future__ import annotations

import pytest

from sharklab.checks.outcome import Status


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
