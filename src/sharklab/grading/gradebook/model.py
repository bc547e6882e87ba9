"""One student of a class and the result of their submission, from which every output is made."""

from __future__ import annotations

from dataclasses import dataclass

from sharklab.grading.marking.model import ExerciseResult, Remark, Result
from sharklab.lab.model import Text
from sharklab.message import NOTHING, Message

GRADED, UNREADABLE, MISSING = "graded", "unreadable", "missing"
"""The states of a student's submission."""


@dataclass(frozen=True)
class Entry:
    """A line of the gradebook: a student, and their result if there is one.

    `problem` says why a submission could not be graded; without it and without a result nothing was
    handed in. `file` is the submission's name and `digest` its SHA-256. `moodle_id` is what Moodle's
    worksheets know the student by. `remarks` are on how it was handed in; the result has
    remarks on its content. `group` is the group that the student hands in with, and `author` the member whose
    submission counts for it, "" for the student's own.
    """

    student: str
    name: str = ""
    email: str = ""
    moodle_id: str = ""
    file: str = ""
    digest: str = ""
    result: Result | None = None
    problem: Message = NOTHING
    remarks: tuple[Remark, ...] = ()
    group: str = ""
    author: str = ""

    @property
    def seat_owner(self) -> str:
        """The student whose seat made the submission."""
        return self.author or self.student

    @property
    def odd(self) -> tuple[Remark, ...]:
        """All that an instructor should look at."""
        return (*self.remarks, *(self.result.remarks if self.result else ()))

    @property
    def handed_in(self) -> bool:
        """True when there is a submission, whatever it is worth."""
        return self.result is not None or bool(self.problem)


@dataclass(frozen=True)
class Class:
    """The entries of a class for one lab, by student; `tool` is the version of sharklab that graded it.

    `exam` tells whether the lab is an exam.
    """

    lab: str
    title: Text
    entries: tuple[Entry, ...]
    tool: str
    exam: bool = False

    @property
    def results(self) -> tuple[Result, ...]:
        """The results that there are."""
        return tuple(entry.result for entry in self.entries if entry.result)

    @property
    def exercises(self) -> tuple[ExerciseResult, ...]:
        """The exercises of the lab as the first result has them; every result has the same."""
        return self.results[0].exercises if self.results else ()

    @property
    def worth(self) -> float:
        """The points that can be earned."""
        return self.results[0].worth if self.results else 0.0


def state(entry: Entry) -> str:
    """Return the word for what came of a student's submission."""
    if entry.result:
        return GRADED
    return UNREADABLE if entry.problem else MISSING
