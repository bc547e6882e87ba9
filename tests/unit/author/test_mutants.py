"""Mutants of a right submission, and the criteria that each must lose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.author import reference
from sharklab.author.mutants import Mutant, Original, catalogue, find_lost
from sharklab.grading.marking.case import gather
from sharklab.lab.model import AllOf, AnyOf, Asked, Check, Condition, Criterion, CriterionStep, Not
from tests.support import host_state, report_run

FIN, TRAFFIC, UDP, PORT = Check("fin"), Check("traffic"), Check("udp_exchange"), Asked("server_port")


@pytest.mark.parametrize(
    ("condition", "broken", "is_lost"),
    [
        (AllOf((FIN, TRAFFIC)), FIN, True),
        (AnyOf((FIN, TRAFFIC)), FIN, False),
        (AnyOf((FIN, UDP)), FIN, True),
        (Not(UDP), FIN, False),
        (Not(UDP), UDP, False),
        (AllOf((PORT, Not(UDP))), PORT, True),
    ],
)
def test_lost_follows_the_condition(
    tmp_path: Path, condition: Condition, broken: object, is_lost: bool
) -> None:
    """A criterion is lost when its condition held before and does not without what is broken."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    criteria = (Criterion("one", (CriterionStep(1.0, condition),)),)
    [exercise] = plan.lab.exercises
    plan = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, criteria=criteria),)))
    cases = gather(plan, submission)
    found = find_lost(Original(plan, submission, cases, tmp_path), cases, lambda leaf: leaf == broken)
    assert is_lost == bool(found)


def test_lost_without_anything_to_look_at_takes_the_contrary_along(tmp_path: Path) -> None:
    """Where a capture is missing, that something is not in it is not proved."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    [exercise] = plan.lab.exercises
    criteria = (Criterion("one", (CriterionStep(1.0, Not(UDP)),)),)
    plan = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, criteria=criteria),)))
    cases = gather(plan, submission)
    assert find_lost(Original(plan, submission, cases, tmp_path), cases, lambda _: True, looked=False)


def original(folder: Path, name: str, **changes: object) -> Original:
    """Return the right submission of a recorded capture, `changes` of its fields changed."""
    report_run.seal(folder, [name])
    plan, submission = reference.reference(folder)
    submission = replace(submission, **changes)  # type: ignore[arg-type]
    return Original(plan, submission, gather(plan, submission), folder)


def titles(mutants: list[Mutant]) -> set[str]:
    """Return the msgids of the titles."""
    return {mutant.title.msgid for mutant in mutants}


def test_original_has_another_seat_with_names_of_the_same_length(tmp_path: Path) -> None:
    """A replaced name moves no other byte of a packet."""
    given = original(tmp_path, "ssh")
    own, other = given.plan.seat, given.other
    assert own.token != other.token and own.share != other.share
    assert (len(own.token), len(own.share)) == (len(other.token), len(other.share))


def test_catalogue_has_mutants_of_captures_and_answers(tmp_path: Path) -> None:
    """Each has one change, and loses at least one criterion."""
    given = original(tmp_path, "ssh")
    found = list(catalogue(given))
    assert {"no FIN", "capture not handed in", "wrong answer", "no answer"} <= titles(found)
    assert [] == [mutant.title.msgid for mutant in found if not mutant.loses]
    changed = [
        (mutant.submission.captures != given.submission.captures, mutant.submission.answers["ssh"] != answers)
        for answers in [given.submission.answers["ssh"]]
        for mutant in found
    ]
    assert {(True, False), (False, True)} == set(changed)


@pytest.mark.parametrize("title", ["wrong answer", "no answer"])
def test_catalogue_changes_each_answer_alone(tmp_path: Path, title: str) -> None:
    """A wrong answer is of the same kind as the right one; both cost the criterion of the question."""
    given = original(tmp_path, "ssh")
    right = given.submission.answers["ssh"]
    for mutant in catalogue(given):
        if mutant.title.msgid == title:
            question = mutant.place.partition("/")[2]
            answers = dict(mutant.submission.answers["ssh"])
            wrong = answers.pop(question)
            assert wrong is None if title == "no answer" else wrong != right[question]
            assert {name: value for name, value in right.items() if name != question} == answers
            assert {("ssh", question)} == mutant.loses


def test_catalogue_has_mutants_of_hosts_that_criteria_examine(tmp_path: Path) -> None:
    """The state of a host is changed only where a criterion rests on it."""
    state = {"server": host_state.seen()}
    given = original(tmp_path, "ssh", state=state)
    assert "state not handed in" not in titles(list(catalogue(given)))
    check = Check("mount_kept", {"host": "server", "path": "/mnt/sample"})
    [exercise] = given.plan.lab.exercises
    exercise = replace(exercise, criteria=(Criterion("kept", (CriterionStep(1.0, check),)),))
    plan = replace(given.plan, lab=replace(given.plan.lab, exercises=(exercise,)))
    given = replace(given, plan=plan, cases=gather(plan, given.submission))
    assert {"state not handed in", "nothing in fstab"} == titles(list(catalogue(given)))
