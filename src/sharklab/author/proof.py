"""Prove the grading of a lab: a right submission earns all, an empty one nothing, a mutant less.

A mutant has one mistake, and must lose exactly the criteria on it. An author sees here a criterion that no
mistake loses, and one that an unrelated mistake loses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sharklab.author.lint_faults import SYMPTOM
from sharklab.author.mutants import Name, Original, catalogue
from sharklab.author.reference import empty
from sharklab.checks.outcome import Status
from sharklab.grading.marking.case import gather
from sharklab.grading.marking.marks import mark
from sharklab.grading.marking.model import Result
from sharklab.grading.submission.model import Submission
from sharklab.i18n import Translator
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check, Plan
from sharklab.message import N_, Message


@dataclass(frozen=True)
class Proof:
    """The result of grading a submission on trial: the criteria it had to lose, and those it lost."""

    title: Message
    place: str
    expected: frozenset[Name]
    lost: frozenset[Name]
    broken: frozenset[Name] = frozenset()

    @property
    def holds(self) -> bool:
        """True if it lost exactly the expected criteria, and no check broke."""
        return self.expected == self.lost and not self.broken


def prove(
    plan: Plan, submission: Submission, note: Callable[[Message], None] = lambda _: None
) -> Iterator[Proof]:
    """Yield the proof of `submission`, in which all is right, of an empty one, and of each mutant.

    Raises MachineryError when tshark is missing or broken.
    """
    cases = gather(plan, submission)
    known = {each.path: each for case in cases for each in case.context.captures.values()}
    whole = mark(plan, submission, cases)
    yield (right := _proof(Message(N_("reference")), "", _of_faults(plan), whole))
    nothing = empty(submission)
    yield _proof(
        Message(N_("empty submission")), "", _names(whole), mark(plan, nothing, gather(plan, nothing))
    )
    with TemporaryDirectory(prefix="sharklab-") as folder:
        for mutant in catalogue(Original(plan, submission, cases, Path(folder))):
            note(Message(N_("{place}: {fault}"), {"place": mutant.place, "fault": mutant.title}))
            result = mark(plan, mutant.submission, gather(plan, mutant.submission, known))
            proof = _proof(mutant.title, mutant.place, mutant.loses, result)
            yield replace(proof, lost=proof.lost - right.lost, broken=proof.broken - right.broken)


def _of_faults(plan: Plan) -> frozenset[Name]:
    """Return the criteria that want the packets of a fault: a run is made on hosts without one."""
    return frozenset(
        (exercise.id, criterion.id)
        for exercise in plan.lab.exercises
        if exercise.faults
        for criterion in exercise.criteria
        for part in criterion.steps
        for leaf in leaves(part.condition)
        if isinstance(leaf, Check) and leaf.kind == SYMPTOM
    )


def _proof(title: Message, place: str, expected: frozenset[Name], result: Result) -> Proof:
    marks = [(exercise.id, mark) for exercise in result.exercises for mark in exercise.marks]
    lost = frozenset((name, mark.criterion) for name, mark in marks if mark.points < mark.worth)
    broken = frozenset((name, mark.criterion) for name, mark in marks if mark.status is Status.ERROR)
    return Proof(title, place, expected, lost, broken)


def _names(result: Result) -> frozenset[Name]:
    return frozenset(
        (exercise.id, mark.criterion) for exercise in result.exercises for mark in exercise.marks
    )


def table(proofs: Iterable[Proof], words: Translator) -> str:
    """Return a line for each proof, and below it the mistakes of the grader."""
    shown = list(proofs)
    titles = [words.say(proof.title) for proof in shown]
    widths = max(map(len, titles)), max(len(proof.place) for proof in shown)
    lines = []
    for title, proof in zip(titles, shown, strict=True):
        mark, count = "✓" if proof.holds else "✗", len(proof.lost)
        lines.append(f"{mark} {title:<{widths[0]}}  {proof.place:<{widths[1]}}  {count:>4}")
        lines += [f"    {words.say(fault)}" for fault in faults(proof)]
    held = sum(proof.holds for proof in shown)
    text = words.gettext("{held} of {count} hold. Each line ends with the number of lost criteria.")
    return "\n".join([*lines, text.format(held=held, count=len(shown))])


def faults(proof: Proof) -> Iterator[Message]:
    """Yield the grader's mistakes in a proof."""
    for text, names in (
        (N_("not lost, but should be: {names}"), proof.expected - proof.lost),
        (N_("lost, but should not be: {names}"), proof.lost - proof.expected),
        (N_("the check itself failed: {names}"), proof.broken),
    ):
        if names:
            yield Message(text, {"names": _join_names(names)})


def plain(proof: Proof) -> dict[str, Any]:
    """Return a proof as JSON data, in English."""
    return {
        "title": str(proof.title),
        "place": proof.place,
        "holds": proof.holds,
        "loses": _join_names(proof.lost),
        "faults": list(map(str, faults(proof))),
    }


def _join_names(names: Iterable[Name]) -> list[str]:
    return sorted("/".join(name) for name in names)
