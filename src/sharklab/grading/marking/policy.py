"""The policy of a course: the cost of hints and of lateness, and the points that are given by hand."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sharklab.grading.marking.model import Adjustment, ExerciseResult, Remark
from sharklab.grading.marking.solutions import find_criteria
from sharklab.grading.submission.manifest import HINTS, REFUSED, SOLVED
from sharklab.grading.submission.model import Submission
from sharklab.lab.exam import MINUTE, Window
from sharklab.lab.model import LabContent
from sharklab.message import N_, NOTHING, Message, prose

DAY = 86_400.0
UNDATED = "undated"
"""The kind of the remark that a submission does not say when it was made."""


@dataclass(frozen=True)
class Correction:
    """The points that an instructor gives by hand, and the reason.

    They are the points of `exercise`, whatever it earned; without an exercise they are added to the sum.
    """

    exercise: str
    points: float
    comment: str


@dataclass(frozen=True)
class Policy:
    """The policy of a course.

    `hint` is the part (0 to 1) of a criterion's points that its hint costs. `due` is in epoch seconds, 0 for
    never; a submission made within `grace` seconds after it is in time. Each started day of lateness takes
    the part `per_day` of the earned points, all days take `at_most`. After `closed` days (0: never) a
    submission earns nothing.
    A submission that was not made in the `window` of an exam earns nothing.
    In a course `without_seats` the criteria that need a seat are left out. A capture from before `given`
    (epoch seconds, 0 for never) is pointed out. `by_hand` are the corrections of one student.
    """

    hint: float = 0.0
    due: float = 0.0
    grace: float = 0.0
    per_day: float = 0.0
    at_most: float = 1.0
    closed: int = 0
    without_seats: bool = False
    given: float = 0.0
    window: Window | None = None
    by_hand: tuple[Correction, ...] = ()

    def days_late(self, made: float) -> int:
        """Return how many days after `due` have begun at `made` (epoch seconds)."""
        if not self.due or made <= self.due + self.grace:
            return 0
        return math.ceil((made - self.due) / DAY)

    def lateness(self, days: int) -> float:
        """Return the part (0 to 1) of the earned points that `days` of lateness cost."""
        if self.closed and days > self.closed:
            return 1.0
        return min(self.at_most, days * self.per_day)


NO_POLICY = Policy()


def adjustments(
    policy: Policy, submission: Submission, exercises: Sequence[ExerciseResult], lab: LabContent | None = None
) -> tuple[Adjustment, ...]:
    """Return the changes of the sum: by hand, for solutions and hints, for a wrong time, by hand on the sum.

    The points that an exercise has by hand are final: no solution and no hint takes from them. `lab` tells
    which criteria of other exercises a solution does, too.
    """
    given = {each.exercise: each for each in policy.by_hand if each.exercise}
    by_hand = tuple(
        Adjustment(_reason(given[each.id].comment, each), round(given[each.id].points - each.points, 4))
        for each in exercises
        if each.id in given
    )
    added = tuple(
        Adjustment(_reason(each.comment), each.points) for each in policy.by_hand if not each.exercise
    )
    left = tuple(each for each in exercises if each.id not in given)
    sum_by_hand = sum(each.points for each in given.values())
    return (*by_hand, *_deductions(policy, submission, left, sum_by_hand, lab), *added)


def _reason(comment: str, exercise: ExerciseResult | None = None) -> Message:
    if exercise is None:
        return Message(N_("By the instructor: {comment}"), {"comment": comment})
    text = N_("{title}, by the instructor: {comment}")
    return Message(text, {"title": prose(exercise.title), "comment": comment})


def _deductions(
    policy: Policy,
    submission: Submission,
    results: tuple[ExerciseResult, ...],
    by_hand: float,
    lab: LabContent | None,
) -> tuple[Adjustment, ...]:
    """Return the deductions from `results`, and from the points that other exercises have `by_hand`."""
    solved = _names(submission, SOLVED)
    too = find_criteria(lab, solved) if lab else ()
    own = tuple(_without(exercise, too) for exercise in results if exercise.id not in solved)
    taken = (*_solutions(solved, too, results), *_hints(policy, submission, own))
    left = by_hand + sum(exercise.points for exercise in results) + sum(each.points for each in taken)
    if outside := _outside(policy.window, submission.made):
        return (*taken, Adjustment(outside, -round(max(0.0, left), 4)))
    days = policy.days_late(submission.made) if submission.made else 0
    lost = round(max(0.0, left) * policy.lateness(days), 4)
    if not lost:
        return taken
    late = Message(N_("Handed in late (days: {days})"), {"days": days})
    return (*taken, Adjustment(late, -lost))


def _outside(window: Window | None, made: float) -> Message:
    """Return the sentence for a submission that was made (epoch seconds) outside an exam, else nothing."""
    if window is None or not made or window.begin <= made <= window.end:
        return NOTHING
    if made < window.begin:
        minutes = math.ceil((window.begin - made) / MINUTE)
        return Message(N_("Handed in before the exam began (minutes: {minutes})"), {"minutes": minutes})
    minutes = math.ceil((made - window.end) / MINUTE)
    return Message(N_("Handed in after the end of the exam (minutes: {minutes})"), {"minutes": minutes})


def _names(submission: Submission, key: str) -> frozenset[str]:
    """Return the names that the manifest has under `key`; a student may have written it."""
    given = submission.manifest.get(key, ())
    return (
        frozenset(n for n in given if isinstance(n, str)) if isinstance(given, list | tuple) else frozenset()
    )


def _without(exercise: ExerciseResult, names: Collection[str]) -> ExerciseResult:
    """Return the result without the criteria of those names (exercise/criterion)."""
    left = tuple(mark for mark in exercise.marks if f"{exercise.id}/{mark.criterion}" not in names)
    return replace(exercise, marks=left)


def _solutions(
    solved: frozenset[str], too: Collection[str], exercises: tuple[ExerciseResult, ...]
) -> Iterable[Adjustment]:
    """Yield the cost of each solution that was asked for: all that its exercise earned.

    A criterion of another exercise that the solution does (`too`) costs all its points.
    """
    for exercise in exercises:
        if exercise.points and exercise.id in solved:
            yield Adjustment(Message(N_("Solution: {title}"), {"title": exercise.title}), -exercise.points)
        for mark in exercise.marks:
            if mark.points and f"{exercise.id}/{mark.criterion}" in too:
                yield Adjustment(Message(N_("Solution: {title}"), {"title": mark.title}), -mark.points)


def _hints(
    policy: Policy, submission: Submission, exercises: tuple[ExerciseResult, ...]
) -> Iterable[Adjustment]:
    """Yield the cost of each hint that was taken: never more than its criterion earned."""
    names = _names(submission, HINTS)
    for exercise in exercises:
        for mark in exercise.marks:
            cost = round(min(mark.points, mark.worth * policy.hint), 4)
            if cost and f"{exercise.id}/{mark.criterion}" in names:
                yield Adjustment(Message(N_("Hint: {title}"), {"title": mark.title}), -cost)


def remarks(policy: Policy, submission: Submission) -> tuple[Remark, ...]:
    """Return the remarks for the instructor that follow from the policy, or from the rules of an exam."""
    noted = []
    if (policy.due or policy.window) and not submission.made:
        noted.append(Remark(UNDATED, Message(N_("The submission has no date: it may be late."))))
    asked = [what for _, what in submission.manifest.get(REFUSED, ())]
    if asked:
        text = N_("The exam refused this and noted it (times: {count}): {names}")
        noted.append(Remark(REFUSED, Message(text, {"count": len(asked), "names": sorted(set(asked))})))
    return tuple(noted)
