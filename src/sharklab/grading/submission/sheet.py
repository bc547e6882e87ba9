"""Read answers.yml: plain YAML of {exercise: {question: answer}}, written by a stranger."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sharklab import untrusted, yaml_file
from sharklab.errors import InputError
from sharklab.grading.submission.model import Answers, Problem
from sharklab.limits import BUNDLE, BundleLimits
from sharklab.message import N_, Message

NAME = "answers.yml"
DEEPEST = 3
"""Exercises hold questions, a question may hold a list."""


def read(content: bytes, limits: BundleLimits = BUNDLE) -> tuple[Answers, tuple[Problem, ...]]:
    """Return the answers in `content`, and its refused parts.

    A file that is not plain YAML is refused as a whole, before any value is built from it. A single bad
    answer is left out with a problem. A question without an answer is left out silently.
    """
    try:
        return _answers(_document(content), limits)
    except InputError as error:
        return {}, (Problem(NAME, error.sentence),)


def names(content: bytes, file: Path) -> frozenset[str]:
    """Return the exercises that are named in `content`. Raises InputError when it cannot be read."""
    data = _document(content, str(file)).data
    return frozenset(map(str, data)) if isinstance(data, Mapping) else frozenset()


def _document(content: bytes, place: str = NAME) -> yaml_file.Document:
    """Return the YAML in `content`. Raises InputError when it is none, or holds tricks."""
    try:
        text = content.decode("utf-8")
        _inspect(text)
        return yaml_file.read(text)
    except UnicodeDecodeError as error:
        raise InputError(N_("the file is not UTF-8 text"), place=place) from error
    except _Trick as trick:
        raise InputError(trick.reason, place=place, line=trick.line) from trick
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(
            N_("line {line}: not valid YAML: {fault}"),
            place=place,
            hint=N_("put an answer with a colon in quotes"),
            **_fault(error),
        ) from error


class _Trick(Exception):
    """Something of YAML that answers have no use for, and attacks do."""

    def __init__(self, reason: str, event: yaml.Event) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, event.start_mark.line + 1 if event.start_mark else 1


def _inspect(text: str) -> None:
    """Raise _Trick for anchors, aliases, tags, merge keys and depth, from events alone.

    libyaml gives these one after the other; building nodes of them would recurse at each level.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Trick(N_("line {line}: anchors and aliases are not allowed"), event)
        if getattr(event, "tag", None):
            raise _Trick(N_("line {line}: tags are not allowed"), event)
        if isinstance(event, yaml.ScalarEvent) and event.value == "<<":
            raise _Trick(N_("line {line}: merge keys are not allowed"), event)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _Trick(N_("line {line}: lists and mappings are nested too deeply"), event)


def _fault(error: Exception) -> Mapping[str, Any]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    text = getattr(error, "problem", None) or str(error)
    return {"line": mark.line + 1 if mark else 1, "fault": Message(text.split("\n")[0][:200])}


def _answers(document: yaml_file.Document, limits: BundleLimits) -> tuple[Answers, tuple[Problem, ...]]:
    if document.data is None:
        return {}, ()
    if not isinstance(document.data, Mapping):
        return {}, (_problem(N_("line {line}: the file must hold exercises with their questions"), line=1),)
    answers: dict[str, Mapping[str, Any]] = {}
    problems: list[Problem] = []
    for exercise, questions in document.data.items():
        if questions is None:
            continue
        if not isinstance(questions, Mapping):
            reason = N_("line {line}: the questions of {exercise} must be below it")
            problems.append(_at(document, (exercise,), reason, exercise=untrusted.name(str(exercise), 40)))
            continue
        kept, refused = _kept(document, exercise, questions, limits)
        answers[str(exercise)] = kept
        problems += refused
    return answers, tuple(problems)


def _kept(
    document: yaml_file.Document, exercise: Hashable, questions: Mapping[Hashable, Any], limits: BundleLimits
) -> tuple[Mapping[str, Any], list[Problem]]:
    kept, refused = {}, []
    for question, value in questions.items():
        reason = _refusal(value, limits)
        if reason:
            names = {"question": untrusted.name(str(question), 40), "count": limits.text}
            refused.append(_at(document, (exercise, question), reason, **names))
        elif not _is_blank(value):
            kept[str(question)] = value
    return kept, refused


def _refusal(value: Any, limits: BundleLimits) -> str:
    """Return why `value` is no answer, or nothing."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, list | Mapping) for item in values):
        return N_("line {line}: the answer to {question} must be one value or a list")
    texts = [item for item in values if isinstance(item, str)]
    if len(values) > limits.entries or any(len(text) > limits.text for text in texts):
        return N_("line {line}: the answer to {question} is longer than {count} characters")
    if not all(map(untrusted.is_visible, texts)):
        return N_("line {line}: the answer to {question} has invisible characters")
    return ""


def _is_blank(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _at(document: yaml_file.Document, path: tuple[Any, ...], reason: str, **values: object) -> Problem:
    return _problem(reason, line=document.line(path), **values)


def _problem(reason: str, **values: object) -> Problem:
    return Problem(NAME, Message(reason, values))
