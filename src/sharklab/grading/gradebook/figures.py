"""The figures of a class: distribution of points, hardest criteria, students who need attention."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sharklab.checks.outcome import Status
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.grading.marking.model import ExerciseResult, Mark, Result
from sharklab.message import N_, Message, prose

BINS = 10
WEAK = 1 / 3
"""A student with less than this share of the points may need help."""
UNDECIDED = (Status.ERROR, Status.INCONCLUSIVE)


@dataclass(frozen=True)
class Summary:
    """Points of a class in a few figures; all are 0.0 when nobody has a result."""

    mean: float
    median: float
    lower: float
    upper: float
    least: float
    most: float


def summary(group: Class) -> Summary:
    """Return mean, median, quartiles, least and most of the points."""
    points = sorted(result.points for result in group.results)
    if not points:
        return Summary(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    lower, median, upper = statistics.quantiles(points, n=4, method="inclusive") if points[1:] else points * 3
    return Summary(statistics.fmean(points), median, lower, upper, points[0], points[-1])


def distribution(group: Class) -> tuple[int, ...]:
    """Return how many results are in each tenth of the points; full points are in the last."""
    shares = Counter(
        min(BINS - 1, math.floor(BINS * share(each.points, each.worth))) for each in group.results
    )
    return tuple(shares[index] for index in range(BINS))


def share(points: float, worth: float) -> float:
    """Return the share of the points that was earned; 1 if there were none to earn."""
    return points / worth if worth else 1.0


@dataclass(frozen=True)
class Difficulty:
    """A criterion over a whole class: the mean share of its points, and how often each status came up."""

    exercise: ExerciseResult
    mark: Mark
    share: float
    statuses: Mapping[Status, int]


def hardest(group: Class) -> tuple[Difficulty, ...]:
    """Return the criteria that are worth points, the hardest first; equal ones in the lab's order."""
    marks: dict[tuple[str, str], list[tuple[ExerciseResult, Mark]]] = {}
    for result in group.results:
        for exercise in result.exercises:
            for mark in exercise.marks:
                if mark.worth:
                    marks.setdefault((exercise.id, mark.criterion), []).append((exercise, mark))
    return tuple(sorted(map(_difficulty, marks.values()), key=lambda each: each.share))


def _difficulty(marks: Sequence[tuple[ExerciseResult, Mark]]) -> Difficulty:
    shares = [share(mark.points, mark.worth) for _, mark in marks]
    exercise, first = marks[0]
    if any(mark.title != first.title for _, mark in marks):  # it names values of the seat
        first = replace(first, title=Message(first.criterion))
    return Difficulty(exercise, first, statistics.fmean(shares), Counter(mark.status for _, mark in marks))


def reasons(entry: Entry) -> tuple[Message, ...]:
    """Return why an instructor should look at an entry; nothing when all is in order."""
    odd = tuple(remark.said for remark in entry.odd)
    if entry.result:
        return (*odd, *_reasons(entry.result))
    if entry.problem:
        return (Message(N_("could not be graded: {why}"), {"why": entry.problem}), *odd)
    return (Message(N_("nothing was handed in")),)


def _reasons(result: Result) -> Iterator[Message]:
    for problem in result.problems:
        yield Message(N_("refused: {file} ({why})"), {"file": problem.file, "why": problem.reason})
    for exercise in result.exercises:
        if names := tuple(mark.title for mark in exercise.marks if mark.status in UNDECIDED):
            yield Message(
                N_("undecided in {exercise}: {criteria}"),
                {"exercise": prose(exercise.title), "criteria": names},
            )
    if not result.points:
        yield from (each.reason for each in result.adjustments)
    if share(result.points, result.worth) < WEAK:
        yield Message(N_("less than a third of the points"))
