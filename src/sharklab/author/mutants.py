"""A catalogue of single faults: submissions in which one thing is wrong, and the criteria that must be lost.

Each fault lists the checks and questions that it breaks. This list never comes from the grader:
`sharklab.author.proof` compares it with the grader's result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sharklab.author.capture_damage import DAMAGES, OF_MATRICES, Damage, Subject, omit_trial
from sharklab.author.host_damage import damages
from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.focus import candidates, find_focus
from sharklab.checks.kind import Rests
from sharklab.checks.outcome import Status
from sharklab.evidence.packets import records
from sharklab.grading.marking.case import Case
from sharklab.grading.marking.decisions import DecideLeaf, Leaf, decide, list_captures, names
from sharklab.grading.marking.defaults import criteria, of_matrix
from sharklab.grading.marking.model import Decision
from sharklab.grading.submission.model import Submission
from sharklab.lab import matrices, seat
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Asked, Capture, Check, Criterion, Plan, Seat
from sharklab.message import N_, NOTHING, Message

Name = tuple[str, str]
"""An exercise and one of its criteria."""


@dataclass(frozen=True)
class Mutant:
    """A submission with one fault: its title, its place, and the criteria that it must lose."""

    title: Message
    place: str
    submission: Submission
    loses: frozenset[Name]


@dataclass(frozen=True)
class Original:
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


def catalogue(original: Original) -> Iterator[Mutant]:
    """Yield each fault that costs something in this lab."""
    yield from (mutant for mutant in _of_hosts(original) if mutant.loses)
    for case in original.cases:
        mutants = (*_of_answers(original, case), *_of_captures(original, case))
        yield from (mutant for mutant in mutants if mutant.loses)


def _of_hosts(original: Original) -> Iterator[Mutant]:
    for host, state in original.submission.state.items():
        left = {name: seen for name, seen in original.submission.state.items() if name != host}
        gone = frozenset().union(
            *(
                find_lost(original, (case,), partial(_needs_state, case, host), looked=False)
                for case in original.cases
            )
        )
        yield Mutant(Message(N_("state not handed in")), host, replace(original.submission, state=left), gone)
        for damage in damages(state, _checks_of(original, host)):
            loses = _find_lost_of_host(original, host, damage.hits)
            states = {**original.submission.state, host: damage.state}
            yield Mutant(Message(damage.title), host, replace(original.submission, state=states), loses)


def _find_lost_of_host(original: Original, host: str, hits: Callable[[Leaf], bool]) -> frozenset[Name]:
    """Return the criteria that fail if only the checks on `host` selected by `hits` fail."""
    criteria = (find_lost(original, (case,), partial(_is_hit, case, host, hits)) for case in original.cases)
    return frozenset().union(*criteria)


def _is_hit(case: Case, host: str, hits: Callable[[Leaf], bool], leaf: Leaf) -> bool:
    return _is_about(case, host, leaf) and hits(leaf)


def _needs_state(case: Case, host: str, leaf: Leaf) -> bool:
    """Tell whether nothing is known of a check or a question without the state of `host`."""
    return _is_about(case, host, leaf) or (
        isinstance(leaf, Check) and host in KINDS[leaf.kind].hosts(leaf.params)
    )


def _is_about(case: Case, host: str, leaf: Leaf) -> bool:
    """Tell whether a check or a question rests on the state of `host`."""
    if isinstance(leaf, Asked):
        return QUESTIONS[leaf.question].of_server and case.context.server == host
    return KINDS[leaf.kind].rests is Rests.STATE and bool(leaf.params["host"] == host)


def _checks_of(original: Original, host: str) -> tuple[Leaf, ...]:
    """Return the conditions that earn points and need the state of `host`."""
    return tuple(
        leaf
        for case in original.cases
        for criterion in criteria(original.plan.lab, case.exercise)
        for part in criterion.steps
        for leaf in leaves(part.condition)
        if _is_about(case, host, leaf)
    )


def _of_answers(original: Original, case: Case) -> Iterator[Mutant]:
    for question, value in case.answers.items():
        faults = (
            (N_("wrong answer"), _change_value(str(value)), (Asked(question),)),
            (N_("no answer"), None, (Asked(question), Asked(question, almost=True))),
        )
        for title, answer, broken in faults:
            loses = find_lost(original, (case,), broken.__contains__)
            given = {**original.submission.answers, case.exercise.id: {**case.answers, question: answer}}
            place = f"{case.exercise.id}/{question}"
            yield Mutant(Message(title), place, replace(original.submission, answers=given), loses)


def _change_value(value: str) -> str:
    """Return an answer of the same kind that is not `value`."""
    if value.isdigit():
        return str(int(value) + 1)
    swapped = {"TCP": "UDP", "UDP": "TCP"}
    return swapped.get(value, "192.0.2.77" if "." in value or ":" in value else f"no{value}")


def _of_captures(original: Original, case: Case) -> Iterator[Mutant]:
    for capture in case.exercise.captures:
        if capture.id in original.submission.captures:
            yield _without_capture(original, case, capture)
            yield from _damage_capture(original, case, capture)


def _without_capture(original: Original, case: Case, capture: Capture) -> Mutant:
    left = {name: file for name, file in original.submission.captures.items() if name != capture.id}
    loses = find_lost(original, (case,), lambda leaf: _needs(case, capture, leaf), looked=False)
    submission = replace(original.submission, captures=left)
    return Mutant(Message(N_("capture not handed in")), capture.id, submission, loses)


def _needs(case: Case, capture: Capture, leaf: Leaf) -> bool:
    """Tell whether a check or a question cannot do without the capture."""
    if isinstance(leaf, Asked):
        question = QUESTIONS[leaf.question]
        return not (question.of_server or question.of_seat)
    kind = KINDS[leaf.kind]
    return _uses(case, capture, leaf) and (kind.needs_all or _is_main(case, capture, leaf))


def _uses(case: Case, capture: Capture, leaf: Check) -> bool:
    return KINDS[leaf.kind].rests is not Rests.STATE and capture in list_captures(case, leaf)


def _is_main(case: Case, capture: Capture, leaf: Check) -> bool:
    """Tell whether the check names the capture, or else finds its conversation there."""
    chosen = find_focus(case.context)
    return bool(names(leaf)) or not chosen or chosen.capture == capture.id


def _damage_capture(original: Original, case: Case, capture: Capture) -> Iterator[Mutant]:
    recorded = case.context.captures[capture.id]
    talks = tuple(talk for name, talk in candidates(case.context) if name == capture.id)
    subject = Subject(
        original.plan.seat, original.other, capture.id, records.read(recorded.container), recorded, talks
    )
    table = OF_MATRICES if case.context.matrix else DAMAGES
    for name, damage in (*table.items(), *_leave_out_tools(case, capture)):
        broken, made = (partial(hits, case, capture, damage, subject) for hits in (_breaks, _makes))
        loses = find_lost(original, (case,), broken, damage.looked, made)
        if not loses or not damage.applies(subject):
            continue
        copy = original.folder / f"{capture.id}-{name}.pcap"
        records.write(copy, damage.edit(subject), damage.rest)
        captures = {**original.submission.captures, capture.id: copy}
        yield Mutant(
            Message(damage.title, damage.values),
            capture.id,
            replace(original.submission, captures=captures),
            loses,
        )


def _leave_out_tools(case: Case, capture: Capture) -> Iterator[tuple[str, Damage]]:
    """Yield that a tool of a matrix was not tried: in each state the first of those that count."""
    matrix = case.context.matrix
    if matrix is None or capture.id != matrices.capture_id(matrix.id, "client"):
        return
    ports = {(trial.tool, trial.state): trial.port for trial in matrix.trials}
    for criterion in of_matrix(matrix):
        for leaf in leaves(criterion.steps[0].condition):
            if isinstance(leaf, Check):
                tool, state = leaf.params["tool"], leaf.params["state"]
                yield f"untried-{state}", omit_trial(tool, state, ports[tool, state])


def _breaks(case: Case, capture: Capture, damage: Damage, subject: Subject, leaf: Leaf) -> bool:
    """Tell whether the damage of a capture breaks a check or takes away what a question asks for."""
    if isinstance(leaf, Asked):
        question = QUESTIONS[leaf.question]
        return not (question.of_server or question.of_seat) and damage.hides(question)
    return _reaches(case, capture, damage, leaf) and damage.breaks(subject, leaf)


def _makes(case: Case, capture: Capture, damage: Damage, subject: Subject, leaf: Leaf) -> bool:
    """Tell whether a check passes on the capture because of the damage."""
    return isinstance(leaf, Check) and _reaches(case, capture, damage, leaf) and damage.makes(subject, leaf)


def _reaches(case: Case, capture: Capture, damage: Damage, leaf: Check) -> bool:
    return _uses(case, capture, leaf) and (damage.anywhere or _is_main(case, capture, leaf))


def find_lost(
    original: Original,
    cases: Iterable[Case],
    broken: Callable[[Leaf], bool],
    looked: bool = True,
    made: Callable[[Leaf], bool] = lambda _: False,
) -> frozenset[Name]:
    """Return the criteria of `cases` that fail if exactly the `broken` checks and answers fail.

    The `made` ones pass then, and all others keep their status. `looked` is false if the mutant has nothing
    left to check: then the negation of a broken check does not pass either.
    """

    def decide_leaf(case: Case, leaf: Leaf) -> Decision:
        if broken(leaf):
            return Decision(Status.FAILED, NOTHING, looked=looked)
        return Decision(Status.PASSED, NOTHING) if made(leaf) else decide(case, leaf)

    return frozenset(
        (case.exercise.id, criterion.id)
        for case in cases
        for criterion in criteria(original.plan.lab, case.exercise)
        if _is_whole(case, criterion) and not _is_whole(case, criterion, decide_leaf)
    )


def _is_whole(case: Case, criterion: Criterion, decide_leaf: DecideLeaf | None = None) -> bool:
    """Tell whether a criterion earns all its points: one that lacks some loses nothing more."""
    return all(decide(case, part.condition, decide_leaf).status is Status.PASSED for part in criterion.steps)
