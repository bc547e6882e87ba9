"""A result as plain data: results.json, feedback and every other output are made from it.

Its schema is results.schema.json beside this file. Every sentence is there in each language.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sharklab import i18n
from sharklab.checks.outcome import Reference
from sharklab.grading.marking.model import Adjustment, ExerciseResult, Mark, Remark, Result, Step
from sharklab.grading.submission.model import Problem
from sharklab.message import Message, prose

SCHEMA = "sharklab-result/1"
"""The version of the shape; a key that is added does not change it."""


def to_plain(result: Result) -> dict[str, Any]:
    """Return `result` as JSON data, the same for the same result."""
    return {
        "schema": SCHEMA,
        "lab": result.lab,
        "title": text(prose(result.title)),
        "student": result.student,
        "seat": result.seat,
        "made": result.made,
        "seal": str(result.seal),
        "worth": _points(result.worth),
        "points": _points(result.points),
        "exercises": list(map(_exercise, result.exercises)),
        "adjustments": list(map(_adjustment, result.adjustments)),
        "problems": list(map(_problem, result.problems)),
        "remarks": list(map(remark, result.remarks)),
    }


@cache
def schema() -> Mapping[str, Any]:
    """Return the JSON schema of what `to_plain` returns."""
    content: Mapping[str, Any] = json.loads(
        files("sharklab.grading.marking").joinpath("results.schema.json").read_text()
    )
    return content


def text(message: Message) -> dict[str, str]:
    """Return a sentence in each language, by its code."""
    return {language: i18n.translator(language).say(message) for language in i18n.languages()}


def _exercise(exercise: ExerciseResult) -> dict[str, Any]:
    return {
        "id": exercise.id,
        "part": exercise.part,
        "title": text(prose(exercise.title)),
        "worth": _points(exercise.worth),
        "points": _points(exercise.points),
        "criteria": list(map(_mark, exercise.marks)),
    }


def _mark(mark: Mark) -> dict[str, Any]:
    return {
        "id": mark.criterion,
        "title": text(mark.title),
        "worth": mark.worth,
        "points": mark.points,
        "status": str(mark.status),
        "found": text(mark.decision.found),
        "expected": text(mark.decision.expected),
        "look": text(mark.decision.look),
        "hint": text(mark.hint),
        "evidence": list(map(_reference, mark.decision.evidence)),
        "steps": list(map(_step, mark.steps)),
        "asks": mark.decision.asks,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "title": text(step.title),
        "worth": step.worth,
        "points": step.points,
        "status": str(step.status),
    }


def _reference(reference: Reference) -> dict[str, Any]:
    """Return a reference of a mark, without its empty fields."""
    given = {name: getattr(reference, name) for name in ("capture", "probe", "host", "line")}
    return {name: value for name, value in {**given, "packets": list(reference.packets)}.items() if value}


def _adjustment(adjustment: Adjustment) -> dict[str, Any]:
    return {"reason": text(adjustment.reason), "points": _points(adjustment.points)}


def _problem(problem: Problem) -> dict[str, Any]:
    return {"file": problem.file, "reason": text(problem.reason)}


def remark(remark: Remark) -> dict[str, Any]:
    """Return a remark as JSON data."""
    return {
        "kind": remark.kind,
        "said": text(remark.said),
        "others": list(remark.others),
        "evidence": list(map(_reference, remark.evidence)),
    }


def _points(points: float) -> float:
    """Return points without the noise of a sum of fractions."""
    return round(points, 4)
