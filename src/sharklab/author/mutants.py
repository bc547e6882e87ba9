"""A catalogue of single faults: submissions in which one thing is wrong, and the criteria that must be lost.

What a fault costs is said here by what it breaks (checks, questions), never by what the grader finds:
`sharklab.author.prove` compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from operator import eq
from pathlib import Path

from sharklab.author.damages import DAMAGES, OF_MATRICES, Damage, Subject, untried
from sharklab.author.state_damages import damages
from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.kind import Rests
from sharklab.checks.outcome import (
    Status,
)
from sharklab.checks.selection import candidates, select
from sharklab.evidence.packets import records
from sharklab.grading.marking.case import Case
from sharklab.grading.marking.decide import decide, names, used
from sharklab.grading.marking.defaults import criteria, of_matrix
from sharklab.grading.submission.model import Submission
from sharklab.lab import matrices, seat
from sharklab.lab.criteria import leaves
from sharklab.lab.model import AllOf, AnyOf, Asked, Capture, Check, Condition, Not, Plan, Seat
from sharklab.message import (
    N_,
    Message,
)

Leaf = Check | Asked
Name = tuple[str, str]
"""An exercise and one of its criteria."""


@dataclass(frozen=True)
class Fault:
    """A submission with one thing wrong: what, where, and the criteria that it must lose."""

    title: Message
    place: str
    submission: Submission
    loses: frozenset[Name]


@dataclass(frozen=True)
class Bench:
    """Where faults are made: a submission in which all is right, its cases, and a folder for new files."""

    plan: Plan
    submission: Submission
    cases: tuple[Case, ...]
    folder: Path

    @property
    def other(self) -> Seat:
        """Another seat of the same lab; its names are as long, so that packets keep their lengths."""
        other = seat.sample(self.plan.lab, seat.STRANGER)
        own, token = self.plan.seat, other.token[: len(self.plan.seat.token)]
        return replace(other, token=token, share=own.share.replace(own.token, token))


def catalogue(bench: Bench) -> Iterator[Fault]:
    """Yield each fault that costs something in this lab."""
    yield from (fault for fault in _of_hosts(bench) if fault.loses)
    for case in bench.cases:
        faults = (*_of_answers(bench, case), *_of_captures(bench, case))
        yield from (fault for fault in faults if fault.loses)


def _of_hosts(bench: Bench) -> Iterator[Fault]:
    for host, state in bench.submission.state.items():
        left = {name: seen for name, seen in bench.submission.state.items() if name != host}
        gone = _lost_of_host(bench, host, lambda _: True, looked=False)
        yield Fault(Message(N_("state not handed in")), host, replace(bench.submission, state=left), gone)
        for damage in damages(state, _checks_of(bench, host)):
            loses = _lost_of_host(bench, host, damage.hits)
            states = {**bench.submission.state, host: damage.state}
            yield Fault(Message(damage.title), host, replace(bench.submission, state=states), loses)


def _lost_of_host(
    bench: Bench, host: str, hits: Callable[[Leaf], bool], looked: bool = True
) -> frozenset[Name]:
    """Return the criteria that fail if only the checks on `host` selected by `hits` fail."""
    found = (lost(bench, (case,), partial(_is_hit, case, host, hits), looked) for case in bench.cases)
    return frozenset().union(*found)


def _is_hit(case: Case, host: str, hits: Callable[[Leaf], bool], leaf: Leaf) -> bool:
    return _is_about(case, host, leaf) and hits(leaf)


def _is_about(case: Case, host: str, leaf: Leaf) -> bool:
    """Tell whether a check or a question rests on the state of `host`."""
    if isinstance(leaf, Asked):
        return QUESTIONS[leaf.question].of_server and case.context.server == host
    return KINDS[leaf.kind].rests is Rests.STATE and bool(leaf.params["host"] == host)


def _checks_of(bench: Bench, host: str) -> tuple[Leaf, ...]:
    """Return the conditions that earn points and need the state of `host`."""
    return tuple(
        leaf
        for case in bench.cases
        for criterion in criteria(bench.plan.lab, case.exercise)
        for part in criterion.steps
        for leaf in leaves(part.condition)
        if _is_about(case, host, leaf)
    )


def _of_answers(bench: Bench, case: Case) -> Iterator[Fault]:
    for question, value in case.answers.items():
        loses = lost(bench, (case,), partial(eq, Asked(question)))
        for title, answer in ((N_("wrong answer"), _wrong(str(value))), (N_("no answer"), None)):
            given = {**bench.submission.answers, case.exercise.id: {**case.answers, question: answer}}
            place = f"{case.exercise.id}/{question}"
            yield Fault(Message(title), place, replace(bench.submission, answers=given), loses)


def _wrong(value: str) -> str:
    """Return an answer of the same kind that is not `value`."""
    if value.isdigit():
        return str(int(value) + 1)
    swapped = {"TCP": "UDP", "UDP": "TCP"}
    return swapped.get(value, "192.0.2.77" if "." in value or ":" in value else f"no{value}")


def _of_captures(bench: Bench, case: Case) -> Iterator[Fault]:
    for capture in case.exercise.captures:
        if capture.id in bench.submission.captures:
            yield _missing(bench, case, capture)
            yield from _damaged(bench, case, capture)


def _missing(bench: Bench, case: Case, capture: Capture) -> Fault:
    left = {name: file for name, file in bench.submission.captures.items() if name != capture.id}
    loses = lost(bench, (case,), lambda leaf: _needs(case, capture, leaf), looked=False)
    submission = replace(bench.submission, captures=left)
    return Fault(Message(N_("capture not handed in")), capture.id, submission, loses)


def _needs(case: Case, capture: Capture, leaf: Leaf) -> bool:
    """Tell whether a check or a question cannot do without the capture."""
    if isinstance(leaf, Asked):
        return not QUESTIONS[leaf.question].of_server
    kind = KINDS[leaf.kind]
    return _uses(case, capture, leaf) and (kind.denies or _is_main(case, capture, leaf))


def _uses(case: Case, capture: Capture, leaf: Check) -> bool:
    return KINDS[leaf.kind].rests is not Rests.STATE and capture in used(case, leaf)


def _is_main(case: Case, capture: Capture, leaf: Check) -> bool:
    """Tell whether the check names the capture, or else finds its conversation there."""
    chosen = select(case.context)
    return bool(names(leaf)) or not chosen or chosen.capture == capture.id


def _damaged(bench: Bench, case: Case, capture: Capture) -> Iterator[Fault]:
    file = bench.submission.captures[capture.id]
    talks = tuple(talk for name, talk in candidates(case.context) if name == capture.id)
    facts = case.context.facts[capture.id]
    subject = Subject(bench.plan.seat, bench.other, capture.id, records.read(file), file, facts, talks)
    table = OF_MATRICES if case.context.matrix else DAMAGES
    for name, damage in (*table.items(), *_untried(case, capture)):
        broken, made = (partial(hits, case, capture, damage, subject) for hits in (_breaks, _makes))
        loses = lost(bench, (case,), broken, damage.looked, made)
        if not loses or not damage.applies(subject):
            continue
        copy = bench.folder / f"{capture.id}-{name}.pcap"
        records.write(copy, damage.edit(subject), damage.rest)
        captures = {**bench.submission.captures, capture.id: copy}
        yield Fault(
            Message(damage.title, damage.values),
            capture.id,
            replace(bench.submission, captures=captures),
            loses,
        )


def _untried(case: Case, capture: Capture) -> Iterator[tuple[str, Damage]]:
    """Yield that a tool of a matrix was not tried: in each state the first of those that count."""
    matrix = case.context.matrix
    if matrix is None or capture.id != matrices.capture_id(matrix.id, "client"):
        return
    ports = {(trial.tool, trial.state): trial.port for trial in matrix.trials}
    for criterion in of_matrix(matrix):
        for leaf in leaves(criterion.steps[0].condition):
            if isinstance(leaf, Check):
                tool, state = leaf.params["tool"], leaf.params["state"]
                yield f"untried-{state}", untried(tool, state, ports[tool, state])


def _breaks(case: Case, capture: Capture, damage: Damage, subject: Subject, leaf: Leaf) -> bool:
    """Tell whether the damage of a capture breaks a check or takes away what a question asks for."""
    if isinstance(leaf, Asked):
        question = QUESTIONS[leaf.question]
        return not question.of_server and damage.hides(question)
    return _reaches(case, capture, damage, leaf) and damage.breaks(subject, leaf)


def _makes(case: Case, capture: Capture, damage: Damage, subject: Subject, leaf: Leaf) -> bool:
    """Tell whether a check passes on the capture because of the damage."""
    return isinstance(leaf, Check) and _reaches(case, capture, damage, leaf) and damage.makes(subject, leaf)


def _reaches(case: Case, capture: Capture, damage: Damage, leaf: Check) -> bool:
    return _uses(case, capture, leaf) and (damage.anywhere or _is_main(case, capture, leaf))


def lost(
    bench: Bench,
    cases: Iterable[Case],
    broken: Callable[[Leaf], bool],
    looked: bool = True,
    made: Callable[[Leaf], bool] = lambda _: False,
) -> frozenset[Name]:
    """Return the criteria of `cases` that are lost when just the `broken` checks and answers do not hold.

    `made` are those that hold then, whatever they did before. `looked` is false when there is nothing left to
    look at: then their contrary does not hold either.
    """
    return frozenset(
        (case.exercise.id, criterion.id)
        for case in cases
        for criterion in criteria(bench.plan.lab, case.exercise)
        if any(
            _holds(case, part.condition, lambda _: False, lambda _: False, True)
            and not _holds(case, part.condition, broken, made, looked)
            for part in criterion.steps
        )
    )


def _holds(
    case: Case,
    wanted: Condition,
    broken: Callable[[Leaf], bool],
    made: Callable[[Leaf], bool],
    looked: bool,
) -> bool | None:
    """Tell whether a condition holds; None if the submission has nothing to check it on."""
    if isinstance(wanted, Not):
        inner = _holds(case, wanted.part, broken, made, looked)
        return None if inner is None else not inner
    if isinstance(wanted, AllOf | AnyOf):
        parts = [_holds(case, part, broken, made, looked) for part in wanted.parts]
        held = all(parts) if isinstance(wanted, AllOf) else any(parts)
        return None if None in parts and not held else held
    if broken(wanted):
        return False if looked else None
    if made(wanted):
        return True
    return decide(case, wanted).status is Status.PASSED
