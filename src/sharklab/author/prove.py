"""Prove the grader of a lab: what is right earns everything, nothing earns nothing, a fault costs its own.

This is for authors: a criterion that nothing can lose, or that is lost with what it is not about, shows here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sharklab.author.mutants import Bench, Name, catalogue
from sharklab.author.reference import empty
from sharklab.checks.outcome import (
    Status,
)
from sharklab.grading.marking.case import gather
from sharklab.grading.marking.grade import mark
from sharklab.grading.marking.model import Result
from sharklab.grading.submission.model import Submission
from sharklab.i18n import Translator
from sharklab.lab.model import Plan
from sharklab.message import (
    N_,
    Message,
)


@dataclass(frozen=True)
class Trial:
    """A submission that was graded on trial: what it is, what it had to lose, and what it lost."""

    title: Message
    place: str
    expected: frozenset[Name]
    lost: frozenset[Name]
    broken: frozenset[Name] = frozenset()

    @property
    def holds(self) -> bool:
        """True when it lost what it had to and nothing else, and no check broke."""
        return self.expected == self.lost and not self.broken


def prove(
    plan: Plan, submission: Submission, note: Callable[[Message], None] = lambda _: None
) -> Iterator[Trial]:
    """Yield a trial of `submission`, in which all is right, of an empty one, and of each fault.

    Raises MachineryError when tshark is missing or broken.
    """
    cases = gather(plan, submission)
    known = {case.context.file(name): facts for case in cases for name, facts in case.context.facts.items()}
    whole = mark(plan, submission, cases)
    yield (right := _trial(Message(N_("reference")), "", frozenset(), whole))
    nothing = empty(submission)
    yield _trial(
        Message(N_("empty submission")), "", _names(whole), mark(plan, nothing, gather(plan, nothing))
    )
    with TemporaryDirectory(prefix="sharklab-") as folder:
        for fault in catalogue(Bench(plan, submission, cases, Path(folder))):
            note(Message("{place}: {fault}", {"place": fault.place, "fault": fault.title}))
            result = mark(plan, fault.submission, gather(plan, fault.submission, known))
            trial = _trial(fault.title, fault.place, fault.loses, result)
            yield replace(trial, lost=trial.lost - right.lost, broken=trial.broken - right.broken)


def _trial(title: Message, place: str, expected: frozenset[Name], result: Result) -> Trial:
    marks = [(exercise.id, mark) for exercise in result.exercises for mark in exercise.marks]
    lost = frozenset((name, mark.criterion) for name, mark in marks if mark.points < mark.worth)
    broken = frozenset((name, mark.criterion) for name, mark in marks if mark.status is Status.ERROR)
    return Trial(title, place, expected, lost, broken)


def _names(result: Result) -> frozenset[Name]:
    return frozenset(
        (exercise.id, mark.criterion) for exercise in result.exercises for mark in exercise.marks
    )


def table(trials: Iterable[Trial], words: Translator) -> str:
    """Return a line for each trial, and under one that does not hold what was misjudged."""
    found = list(trials)
    titles = [words.say(trial.title) for trial in found]
    widths = max(map(len, titles)), max(len(trial.place) for trial in found)
    lines = []
    for title, trial in zip(titles, found, strict=True):
        mark, count = "✓" if trial.holds else "✗", len(trial.lost)
        lines.append(f"{mark} {title:<{widths[0]}}  {trial.place:<{widths[1]}}  {count:>4}")
        lines += [f"    {words.say(fault)}" for fault in faults(trial)]
    held = sum(trial.holds for trial in found)
    text = words.gettext("{held} of {count} hold; the number is how many criteria each loses.")
    return "\n".join([*lines, text.format(held=held, count=len(found))])


def faults(trial: Trial) -> Iterator[Message]:
    """Yield the grader's mistakes in a trial."""
    for text, names in (
        (N_("not lost, but should be: {names}"), trial.expected - trial.lost),
        (N_("lost, but should not be: {names}"), trial.lost - trial.expected),
        (N_("the check itself failed: {names}"), trial.broken),
    ):
        if names:
            yield Message(text, {"names": _listed(names)})


def plain(trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON data, in English."""
    return {
        "title": str(trial.title),
        "place": trial.place,
        "holds": trial.holds,
        "loses": _listed(trial.lost),
        "faults": list(map(str, faults(trial))),
    }


def _listed(names: Iterable[Name]) -> list[str]:
    return sorted("/".join(name) for name in names)
