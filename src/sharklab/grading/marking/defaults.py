"""Say what earns points in an exercise: the criteria of lab.yml, or those that follow from its checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce

from sharklab.checks import KINDS, QUESTIONS, phrases
from sharklab.lab.model import (
    AnyOf,
    Asked,
    Check,
    Condition,
    Criterion,
    CriterionStep,
    Exercise,
    LabContent,
    Matrix,
    Not,
)
from sharklab.message import N_, Message, prose

_OF_ANOTHER = N_("{title}, of this or another connection")
CELL = "cell"
"""The check of a tool's packets on the port of a state."""


def criteria(lab: LabContent, exercise: Exercise) -> tuple[Criterion, ...]:
    """Return the criteria of an exercise, in the order of lab.yml; evidence of runs alone earns nothing.

    Without any of the author's, each check of packets and of hosts is worth a point, and each question that
    these can answer, and of a matrix each state. They are the same for every seat.
    """
    matrices = [matrix for matrix in lab.matrices if matrix.id == exercise.id]
    derived = of_matrix(matrices[0]) if matrices else _derive_criteria(exercise)
    return tuple(_with_hints(exercise, criterion) for criterion in exercise.criteria or derived)


def names(lab: LabContent, exercise: Exercise) -> list[str]:
    """Return the ids of the criteria of an exercise, whose checks and questions need not be valid yet."""
    matrices = [matrix for matrix in lab.matrices if matrix.id == exercise.id]
    if exercise.criteria or matrices:
        return [criterion.id for criterion in criteria(lab, exercise)]
    return [name for name, _ in _list_conditions(exercise)]


def _with_hints(exercise: Exercise, criterion: Criterion) -> Criterion:
    more = exercise.hints.get(criterion.id, ())
    return replace(criterion, hints=(*criterion.hints, *more)) if more else criterion


def _list_conditions(exercise: Exercise) -> Iterator[tuple[str, Check | Asked]]:
    """Yield the id and the condition of each criterion that follows from checks and questions."""
    checks = [check for check in exercise.checks if check.kind in KINDS and not KINDS[check.kind].live]
    packetless = [name for name, each in QUESTIONS.items() if each.of_server or each.of_seat]
    questions = [name for name in exercise.questions if exercise.captures or name in packetless]
    wanted: list[Check | Asked] = [*checks, *map(Asked, questions)]
    seen: Counter[str] = Counter()
    for leaf in wanted:
        name = leaf.question if isinstance(leaf, Asked) else leaf.kind
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}", leaf


def _derive_criteria(exercise: Exercise) -> Iterator[Criterion]:
    for id, leaf in _list_conditions(exercise):
        parts = _parts(leaf)
        steps = tuple(CriterionStep(1 / len(parts), part) for part in parts)
        yield Criterion(id, steps, whole=leaf if len(steps) > 1 else None)


def _parts(leaf: Check | Asked) -> tuple[Check | Asked, ...]:
    """Return the conditions that together are `leaf`, each for a part of its points."""
    if isinstance(leaf, Asked):
        question = QUESTIONS.get(leaf.question)  # lint names an unknown one
        nearly = question and (question.changes or question.of_reply)
        return (Asked(leaf.question, almost=True), leaf) if nearly else (leaf,)
    kind = KINDS[leaf.kind]
    if kind.parts is None or not kind.required <= leaf.params.keys():
        return (leaf,)
    return tuple(Check(name, params) for name, params in kind.parts(leaf.params))


def of_matrix(matrix: Matrix) -> Iterator[Criterion]:
    """Yield a criterion for each state; its steps are the tools that must be there and that send packets."""
    optional = {tool.id for tool in matrix.tools if tool.optional}
    for state in matrix.states:
        tools = [
            trial.tool
            for trial in matrix.trials
            if trial.state == state and trial.tool not in optional and "none" not in trial.expect.packets
        ]
        steps = tuple(
            CriterionStep(
                1 / len(tools), Check(CELL, {"tool": tool, "state": state}), {"en": matrix.tool(tool).title}
            )
            for tool in tools
        )
        if steps:
            yield Criterion(state, steps)


def title(wanted: Condition) -> Message:
    """Return the title of a condition."""
    if isinstance(wanted, Asked):
        question = QUESTIONS.get(wanted.question)
        text = Message(question.text if question else wanted.question)
        if not wanted.almost or not question:
            return text
        nearly = N_("{title}, asked or answered") if question.of_reply else _OF_ANOTHER
        return Message(nearly, {"title": text})
    if isinstance(wanted, Check):
        kind = KINDS.get(wanted.kind)
        return kind.write_heading(wanted.params) if kind else Message(wanted.kind)
    if isinstance(wanted, Not):
        return Message(N_("Not: {title}"), {"title": title(wanted.part)})
    titles = [title(part) for part in wanted.parts]
    return phrases.either(titles) if isinstance(wanted, AnyOf) else reduce(_and, titles)


def _and(first: Message, second: Message) -> Message:
    return Message(N_("{first} and {second}"), {"first": first, "second": second})


def title_of(part: Criterion | CriterionStep) -> Message:
    """Return the title of a criterion or of one of its steps: the author's, else its condition's."""
    if part.title:
        return prose(part.title)
    if isinstance(part, CriterionStep):
        return title(part.condition)
    if part.whole:
        return title(part.whole)
    first = part.steps[0].condition
    if isinstance(first, Check) and first.kind == CELL and len({_state(step) for step in part.steps}) == 1:
        return Message(N_("Port {state}"), {"state": phrases.state(_state(part.steps[0]))})
    titles = [title_of(step) for step in part.steps]
    return titles[0] if len(titles) == 1 else Message("{titles}", {"titles": titles})


def _state(part: CriterionStep) -> str:
    """Return the state of a port that a step is about, or nothing."""
    return str(part.condition.params.get("state", "")) if isinstance(part.condition, Check) else ""
