"""Results as a student may read them: without the answers that are still to be found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.author import reference
from sharklab.grading.marking.answer_keys import without_keys
from sharklab.grading.marking.export import to_plain
from sharklab.grading.marking.marks import grade
from sharklab.grading.marking.model import Remark, Result
from sharklab.message import N_, Message
from tests.support import report_run

STRANGER = "other99"


@pytest.fixture
def result(tmp_path: Path) -> Result:
    """Return the result of a submission with one wrong answer."""
    report_run.seal(tmp_path, ["ssh", "dns"])
    plan, submission = reference.reference(tmp_path)
    answers = {**submission.answers, "ssh": {**submission.answers["ssh"], "local_port": "50990"}}
    return grade(plan, replace(submission, answers=answers))


def test_without_keys_gives_no_key_away(result: Result) -> None:
    """Neither the right answer nor the packets that show it are in what a student reads."""
    [ssh, _] = to_plain(without_keys(result))["exercises"]
    [missed] = [mark for mark in ssh["criteria"] if mark["status"] == "failed"]
    [full] = [m for m in to_plain(result)["exercises"][0]["criteria"] if m["status"] == "failed"]
    key = full["expected"]["en"]
    assert key and full["evidence"]
    assert ({"en": "", "fr": ""}, []) == (missed["expected"], missed["evidence"])
    assert key not in json.dumps(missed)


def test_without_keys_says_another_moment_without_the_key(result: Result) -> None:
    """The feedback names both ports, the check before handing in only the student's."""
    told, kept = (
        next(mark for mark in each.exercises[0].marks if mark.criterion == "local_port").decision
        for each in (result, without_keys(result))
    )
    assert str(told.expected) in str(told.found) and str(told.expected) not in str(kept.found)
    assert "50990" in str(told.found) and "50990" in str(kept.found)


def test_without_keys_has_no_remarks(result: Result) -> None:
    """What is for the instructor to look at names other students."""
    remarked = replace(result, remarks=(Remark("alike", Message("look"), ("bob",)),))
    assert [] == to_plain(without_keys(remarked))["remarks"]


@pytest.mark.parametrize("given", [None, "1", "3742"])
def test_without_keys_tells_no_key_by_the_way(tmp_path: Path, given: str | None) -> None:
    """What a check says of the packets is held back while it would answer a question."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    [exercise] = plan.lab.exercises
    exercise = replace(exercise, questions=("client_bytes",))
    plan = replace(plan, lab=replace(plan.lab, exercises=(exercise,)))
    result = grade(plan, replace(submission, answers={"ssh": {"client_bytes": given}}))
    assert "3741" in json.dumps(to_plain(result))
    told = without_keys(result)
    assert "3741" not in json.dumps(to_plain(told))
    held = N_("Answer the questions first; the details then appear here.")
    assert held in [mark.decision.found.msgid for mark in told.exercises[0].marks]


def test_without_keys_tells_all_once_it_is_answered(tmp_path: Path) -> None:
    """Nothing is left to give away."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    assert "3741" in json.dumps(to_plain(without_keys(grade(plan, submission))))
