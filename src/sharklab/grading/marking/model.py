"""The marks of one student as plain data, for feedback, gradebooks and the class page."""

from __future__ import annotations

from dataclasses import dataclass

from sharklab.checks.outcome import Reference, Status
from sharklab.grading.submission.model import Problem, Seal
from sharklab.lab.model import Text
from sharklab.message import NOTHING, Message


@dataclass(frozen=True)
class Decision:
    """The decision on a condition for one submission, and its reasons.

    `found` and `expected` are shown side by side if the condition failed; `look` says where to look next, and
    never gives an answer away. `evidence` names packets, commands, or a line of a host's state. `asks` marks
    a condition on an answer: `expected` is then the right answer. `looked` is false if
    the student handed in nothing to check. `almost` marks an answer that another connection would make right.
    `discreet` is `found` without the right answer, where `found` says it.
    """

    status: Status
    found: Message
    expected: Message = NOTHING
    look: Message = NOTHING
    evidence: tuple[Reference, ...] = ()
    asks: bool = False
    looked: bool = True
    almost: bool = False
    discreet: Message = NOTHING


@dataclass(frozen=True)
class Step:
    """One of the steps of a criterion that earns its points in parts (SYN seen 1, SYN/ACK 1, ...)."""

    title: Message
    worth: float
    points: float
    status: Status


@dataclass(frozen=True)
class Mark:
    """The points that one criterion earned, of those that it is `worth`, and the decision behind them.

    `hint` is in the words of the lab's author.
    """

    criterion: str
    title: Message
    worth: float
    points: float
    decision: Decision
    steps: tuple[Step, ...] = ()
    hint: Message = NOTHING

    @property
    def status(self) -> Status:
        """The status of the decision."""
        return self.decision.status

    @property
    def advice(self) -> Message:
        """The best advice: the author's hint if one fits, else where to look."""
        return self.hint or self.decision.look


@dataclass(frozen=True)
class ExerciseResult:
    """The marks of one exercise."""

    id: str
    part: str
    title: Text
    marks: tuple[Mark, ...]

    @property
    def points(self) -> float:
        """The earned points."""
        return sum(mark.points for mark in self.marks)

    @property
    def worth(self) -> float:
        """The points that could be earned."""
        return sum(mark.worth for mark in self.marks)


@dataclass(frozen=True)
class Adjustment:
    """A change of the sum: a deduction for a hint or for lateness (below zero), or points given by hand."""

    reason: Message
    points: float


@dataclass(frozen=True)
class Remark:
    """Something for the instructor to look at (never punished by itself): a kind, a sentence, who else.

    Kinds are words of `sharklab.grading.marking.integrity`.
    """

    kind: str
    said: Message
    others: tuple[str, ...] = ()
    evidence: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Result:
    """The result of one student in one lab; the same submission always gives the same result.

    `taken` says which files count for captures of other names.
    """

    lab: str
    title: Text
    student: str
    seat: str
    made: float
    seal: Seal
    exercises: tuple[ExerciseResult, ...]
    adjustments: tuple[Adjustment, ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Remark, ...] = ()
    taken: tuple[Message, ...] = ()

    @property
    def worth(self) -> float:
        """The points that could be earned."""
        return sum(exercise.worth for exercise in self.exercises)

    @property
    def points(self) -> float:
        """The earned points after adjustments, never below zero and never more than could be earned."""
        earned = sum(exercise.points for exercise in self.exercises)
        return min(self.worth, max(0.0, earned + sum(each.points for each in self.adjustments)))
