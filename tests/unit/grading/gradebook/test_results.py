"""results.json: what its schema says, and nothing else."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from sharklab.grading.gradebook import results
from tests.support import gradebook_sample as sample


def test_results_fit_their_schema() -> None:
    """The file is as its schema says, each student's result included."""
    found = json.loads(results.results(sample.whole()))
    validator = Draft202012Validator(results.schema())
    assert [] == [error.message for error in validator.iter_errors(found)]
    del found["students"][0]["result"]["points"]
    assert [] != list(validator.iter_errors(found))


def test_results_have_every_student_with_a_state() -> None:
    """A student without a result has None instead, and the reason where there is one."""
    found = json.loads(results.results(sample.whole()))["students"]
    states = ["graded"] * 3 + ["unreadable", "graded", "missing"]
    assert states == [student["state"] for student in found]
    assert ["dan", "frank"] == [student["student"] for student in found if student["result"] is None]
    assert str(sample.whole().entries[3].problem) == found[3]["problem"]["en"]
