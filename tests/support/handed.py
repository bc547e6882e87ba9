"""A student's submission, made of a recorded run in which everything is right, and ways to change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from sharklab.author.reference import reference
from sharklab.grading.marking.case import Case, gather
from sharklab.grading.marking.decisions import decide
from sharklab.grading.marking.marks import grade
from sharklab.grading.marking.model import Decision, Mark, Result
from sharklab.grading.marking.policy import NO_POLICY, Policy
from sharklab.grading.submission.model import Submission
from sharklab.lab import seat
from sharklab.lab.model import Condition, Exercise, Plan
from tests.support import report_run


class Handed(NamedTuple):
    """A plan with one exercise, and a submission for its seat."""

    plan: Plan
    submission: Submission

    @property
    def exercise(self) -> Exercise:
        """The only exercise."""
        [exercise] = self.plan.lab.exercises
        return exercise

    @property
    def case(self) -> Case:
        """The only case."""
        [case] = gather(self.plan, self.submission)
        return case

    def with_exercise(self, **values: Any) -> Handed:
        """Return the same with another exercise, `values` of its fields changed."""
        exercises = (replace(self.exercise, **values),)
        return self._replace(plan=replace(self.plan, lab=replace(self.plan.lab, exercises=exercises)))

    def with_submission(self, **values: Any) -> Handed:
        """Return the same with another submission, `values` of its fields changed."""
        return self._replace(submission=replace(self.submission, **values))

    def with_answers(self, **answers: Any) -> Handed:
        """Return the same with other answers to some questions."""
        given = {**self.submission.answers[self.exercise.id], **answers}
        return self.with_submission(answers={self.exercise.id: given})

    def with_capture(self, file: Path) -> Handed:
        """Return the same with `file` as the exercise's capture."""
        return self.with_submission(captures={self.exercise.captures[0].id: file})

    def without_anything(self) -> Handed:
        """Return the same with nothing handed in."""
        return self.with_submission(captures={}, answers={}, state={})

    def on_another_seat(self) -> Handed:
        """Return the same for a seat that has other addresses than the capture shows."""
        places = {
            host: {"ipv4": f"192.0.2.{number}/24", "ipv6": f"fd00::{number}/64"}
            for number, host in enumerate(("client", "server"), 1)
        }
        return self._replace(plan=replace(self.plan, seat=seat.with_addresses(self.plan.seat, places)))

    def decide(self, condition: Condition) -> Decision:
        """Return the decision on a condition."""
        return decide(self.case, condition)

    def grade(self, policy: Policy = NO_POLICY) -> Result:
        """Return the result."""
        return grade(self.plan, self.submission, policy)

    def marks(self, policy: Policy = NO_POLICY) -> Mapping[str, Mark]:
        """Return the marks of the only exercise, by criterion."""
        [exercise] = self.grade(policy).exercises
        return {mark.criterion: mark for mark in exercise.marks}


def handed(folder: Path, name: str = "ssh") -> Handed:
    """Return what earns every point of the exercise `name`, whose run is made below `folder`."""
    report_run.seal(folder, [name])
    return Handed(*reference(folder))
