"""Decide what a run achieved: `judge(plan, evidence, facts)` gives a verdict on each exercise."""

from sharklab.checks.judge import judge
from sharklab.checks.kinds import KINDS
from sharklab.checks.questions import QUESTIONS

__all__ = ["KINDS", "QUESTIONS", "judge"]
