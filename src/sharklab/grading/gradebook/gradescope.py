"""One student's result as Gradescope's autograders write it (results.json), in English.

Source: "Autograder Specifications, Output format" of Gradescope's documentation.
"""

from __future__ import annotations

import json
from typing import Any

from sharklab.checks.outcome import Status
from sharklab.grading.marking.model import ExerciseResult, Mark, Result
from sharklab.untrusted import visible


def gradescope(result: Result) -> str:
    """Return results.json for Gradescope; `score` is the sum after adjustments, which it takes as it is."""
    tests = [
        _test(exercise, mark, f"{place}.{number}")
        for place, exercise in enumerate(result.exercises, 1)
        for number, mark in enumerate(exercise.marks, 1)
    ]
    notes = [f"{each.points:g} points: {each.reason}" for each in result.adjustments]
    notes += [f"{each.file}: {each.reason}" for each in result.problems]
    content = {
        "score": round(result.points, 4),
        "output": visible("\n".join(notes)),
        "output_format": "text",
        "visibility": "visible",
        "tests": tests,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _test(exercise: ExerciseResult, mark: Mark, number: str) -> dict[str, Any]:
    title = exercise.title.get("en") or next(iter(exercise.title.values()), exercise.id)
    expected = mark.decision.expected
    words = [str(mark.decision.found), expected and f"Expected: {expected}", str(mark.advice)]
    return {
        "number": number,
        "name": visible(f"{title}: {mark.title}"),
        "score": mark.points,
        "max_score": mark.worth,
        "status": "passed" if mark.status is Status.PASSED else "failed",
        "output": visible("\n".join(str(line) for line in words if line)),
        "output_format": "text",
        "tags": [exercise.id, mark.criterion, str(mark.status)],
        "visibility": "visible",
    }
