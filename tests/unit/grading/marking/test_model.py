"""The sums of a result."""

from __future__ import annotations

from dataclasses import replace

from sharklab.checks.outcome import Status
from sharklab.grading.marking.model import Adjustment, Decision, Mark
from sharklab.message import NOTHING, Message
from tests.support import gradebook_sample as sample


def test_result_sums_its_exercises_and_adjustments() -> None:
    """The points are never below zero, and never more than could be earned."""
    result = sample.result()
    assert (8, 5) == (result.worth, result.points)
    assert 4.5 == replace(result, adjustments=(Adjustment(Message("late"), -0.5),)).points
    assert 0.0 == replace(result, adjustments=(Adjustment(Message("late"), -9.0),)).points
    assert 8.0 == replace(result, adjustments=(Adjustment(Message("bonus"), 9.0),)).points


def test_mark_gives_the_best_advice() -> None:
    """The author's hint, else where to look; its status is that of its decision."""
    decision = Decision(Status.FAILED, NOTHING, look=Message("there"))
    mark = Mark("fin", Message("FIN"), 1.0, 0.0, decision)
    assert (Status.FAILED, "there") == (mark.status, str(mark.advice))
    assert "hint" == str(replace(mark, hint=Message("hint")).advice)
