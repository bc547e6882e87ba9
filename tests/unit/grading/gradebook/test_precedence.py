"""Which of two submissions of a student counts, and the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.grading.gradebook.precedence import NEWEST, FirstInTime
from sharklab.grading.gradebook.work_item import Identity
from sharklab.grading.submission.model import Seal
from sharklab.lab.exam import Window

ONE = Identity("alice", "tp4", Seal.WHOLE, 150.0, "a")
OUTSIDE = "it was not made in the time of the exam"
CODE = "the student handed in once more with the instructor's code"
FIRST = "in an exam the first submission counts"
EQUAL = "the times of packing are equal or unknown, and the last file name counts"
EXAM = FirstInTime(Window(100.0, 200.0))


@pytest.mark.parametrize(
    ("rule", "best", "other", "reason"),
    [
        (EXAM, ONE, replace(ONE, made=151.0), FIRST),
        (EXAM, ONE, replace(ONE, made=99.0), OUTSIDE),
        (EXAM, ONE, replace(ONE, made=201.0), OUTSIDE),
        (EXAM, ONE, replace(ONE, made=201.0, again=True), OUTSIDE),
        (EXAM, replace(ONE, made=201.0), replace(ONE, made=99.0), OUTSIDE),
        (EXAM, replace(ONE, made=201.0), replace(ONE, made=202.0), FIRST),
        (EXAM, replace(ONE, again=True), replace(ONE, made=140.0), CODE),
        (EXAM, replace(ONE, again=True), replace(ONE, made=160.0, again=True), FIRST),
        (EXAM, ONE, replace(ONE, digest="b"), EQUAL),
        (FirstInTime(), ONE, replace(ONE, made=1e9), FIRST),
        (NEWEST, ONE, replace(ONE, made=149.0), "it is older"),
        (NEWEST, ONE, replace(ONE, digest="b"), EQUAL),
    ],
)
def test_rule_ranks_and_tells_why(rule: FirstInTime, best: Identity, other: Identity, reason: str) -> None:
    """The better one has the greater rank, unless the two are equal."""
    assert (reason == EQUAL) is (rule.rank(best) == rule.rank(other))
    assert rule.rank(best) >= rule.rank(other)
    assert reason == rule.reason(best, other).msgid
