"""Faults of checks, questions, criteria and hints that a schema cannot see: names, and revealed answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharklab.lab import criteria, schema
from sharklab.lab.model import Asked, Check, Condition, Exercise, Hint, IrrelevantCaptures, Lab, MixedUp
from sharklab.lab.schema import Fault, Path, fault, unknown
from sharklab.message import N_

_PORTS = re.compile(r"\bport\s+(\d+)")
"""A port in a filter (pcap-filter(7))."""


def faults(lab: Lab, at: Path, exercise: Exercise) -> Iterator[Fault]:
    """Yield the faults of the checks, questions, criteria and hints of an exercise, which is at `at`."""
    for j, check in enumerate(exercise.checks):
        yield from _leaf((*at, "checks", j), check)
    for j, question in enumerate(exercise.questions):
        yield from _leaf((*at, "questions", j), Asked(question))
    yield from _criteria(at, exercise)
    yield from _hints_by_id(lab, at, exercise)


def _leaf(where: Path, wanted: Check | Asked) -> Iterator[Fault]:
    """Yield the faults of a check or a question by itself."""
    from sharklab.checks import KINDS

    if isinstance(wanted, Asked):
        yield from _question(where, wanted.question)
    elif wanted.kind not in KINDS:
        yield unknown(where, N_("unknown check {name!r}"), wanted.kind, KINDS)
    else:
        for path, problem in schema.faults(KINDS[wanted.kind].params, dict(wanted.params)):
            sentence = N_("check {kind}, {parameter}: {problem}") if path else N_("check {kind}: {problem}")
            values = {
                **problem.values,
                "kind": wanted.kind,
                "parameter": ".".join(map(str, path)),
                "problem": problem.sentence,
                "file": "docs/authoring.md",
            }
            yield fault(where, sentence, problem.hint_id or N_("see {file}"), **values)


def _question(where: Path, name: str) -> Iterator[Fault]:
    from sharklab.checks import QUESTIONS

    if name not in QUESTIONS:
        yield unknown(where, N_("unknown question {name!r}"), name, QUESTIONS)


def _criteria(at: Path, exercise: Exercise) -> Iterator[Fault]:
    """Yield the faults of an exercise's criteria: a submission must be enough to decide each."""
    seen: set[str] = set()
    for j, criterion in enumerate(exercise.criteria):
        where = (*at, "criteria", j)
        if criterion.id in seen:
            sentence = N_("duplicate criterion {name!r}")
            yield fault((*where, "id"), sentence, N_("ids are unique in an exercise"), name=criterion.id)
        seen.add(criterion.id)
        for part in criterion.steps:
            yield from _condition(where, exercise, part.condition)
        yield from _hints((*where, "hints"), exercise, criterion.hints)


def _condition(where: Path, exercise: Exercise, wanted: Condition) -> Iterator[Fault]:
    for leaf in criteria.leaves(wanted):
        yield from _leaf(where, leaf)
        yield from _gradable(where, exercise, leaf)


def _gradable(where: Path, exercise: Exercise, wanted: Check | Asked) -> Iterator[Fault]:
    from sharklab.checks import KINDS, QUESTIONS

    if isinstance(wanted, Asked):
        if wanted.question in QUESTIONS:
            yield from _check_question(where, exercise, wanted.question)
    elif wanted.kind in KINDS and KINDS[wanted.kind].live:
        sentence = N_("check {kind} looks at what only a run records")
        yield fault(
            where, sentence, N_("rest the criterion on packets, answers or a host's state"), kind=wanted.kind
        )


def _check_question(where: Path, exercise: Exercise, question: str) -> Iterator[Fault]:
    if question not in exercise.questions:
        sentence = N_("the exercise does not ask {name!r}")
        yield fault(where, sentence, N_("add it to its questions"), name=question)


def _hints_by_id(lab: Lab, at: Path, exercise: Exercise) -> Iterator[Fault]:
    """Yield the faults of the hints that an exercise has by the ids of its criteria."""
    from sharklab.grading.marking import defaults

    known = defaults.names(lab, exercise)
    for name, hints in exercise.hints.items():
        where = (*at, "hints", name)
        if name not in known:
            yield unknown(where, N_("unknown criterion {name!r}"), name, known)
        yield from _hints(where, exercise, hints)


def _hints(at: Path, exercise: Exercise, hints: tuple[Hint, ...]) -> Iterator[Fault]:
    for index, hint in enumerate(hints):
        where = (*at, index)
        yield from _situation(where, exercise, hint)
        yield from _find_given_keys(where, exercise, hint)
        if hint.when is None and index < len(hints) - 1:
            sentence = N_("hints after one without `when` are never given")
            yield fault(where, sentence, N_("put the one without `when` last"))


def _situation(where: Path, exercise: Exercise, hint: Hint) -> Iterator[Fault]:
    if isinstance(hint.when, MixedUp):
        yield from _question(where, hint.when.question)
        yield from _question(where, hint.when.other)
        yield from _check_question(where, exercise, hint.when.question)
    elif hint.when is not None and not isinstance(hint.when, IrrelevantCaptures):
        yield from _condition(where, exercise, hint.when)


def _find_given_keys(where: Path, exercise: Exercise, hint: Hint) -> Iterator[Fault]:
    """Yield that a hint holds a key: a value of the seat, or a port that is asked for."""
    text = " ".join(hint.text.values())
    if "{{" in text or "{%" in text:
        sentence = N_("a hint holds a value of the seat")
        yield fault(where, sentence, N_("say how to find it, or where the brief gives it"))
    for port in _ports(exercise) & set(re.findall(r"\d+", text)):
        sentence = N_("a hint gives away the port {port}, which is asked for")
        yield fault(where, sentence, N_("say how to find it, or where the brief gives it"), port=port)


def _ports(exercise: Exercise) -> set[str]:
    """Return the ports that are answers of an exercise, as far as its lab.yml has them."""
    from sharklab.checks import QUESTIONS
    from sharklab.checks.question import Value

    values = {QUESTIONS[name].value for name in exercise.questions if name in QUESTIONS}
    if not values & {Value.PORT, Value.PORTS}:
        return set()
    talk = exercise.conversation
    given = {str(talk.port)} if talk and talk.port else set()
    return given.union(*(_PORTS.findall(capture.filter) for capture in exercise.captures))
