"""Grading: what a submission earns, criterion by criterion, from its own packets and answers."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from sharklab.checks.outcome import Status
from sharklab.grading.marking.policy import DAY, Policy
from sharklab.lab.model import Asked, Check, Criterion, CriterionStep, ExpectedConversation, Hint, Lab, Not
from tests.support.checks_sample import said
from tests.support.handed import Handed, handed

FIN, UDP = Check("fin"), Check("udp_exchange")


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """Return what earns every point of an exercise about an SSH connection."""
    return handed(tmp_path_factory.mktemp("ssh"))


def test_grade_of_everything_right_earns_every_point(ssh: Handed) -> None:
    """Each check of packets and each question is worth a point; what only a run records is left out."""
    result = ssh.grade()
    names = [
        "handshake",
        "traffic",
        "fin",
        "clean",
        "server_address",
        "server_port",
        "local_port",
        "transport",
    ]
    assert names == list(ssh.marks())
    assert (8.0, 8.0) == (result.points, result.worth)


def test_grade_of_nothing_is_failed_everywhere(ssh: Handed) -> None:
    """Nobody earns anything, nor is undecided, by handing in nothing."""
    nothing = ssh.without_anything()
    assert (0.0, 8.0) == (nothing.grade().points, nothing.grade().worth)
    assert {Status.FAILED} == {mark.status for mark in nothing.marks().values()}


def test_grade_without_the_capture_earns_nothing(ssh: Handed) -> None:
    """Answers alone prove nothing, not even right ones."""
    assert 0.0 == ssh.with_submission(captures={}).grade().points


@pytest.mark.parametrize("given", ["23", "", None, [22, 23], "x" * 500, {"port": 22}])
def test_grade_of_a_wrong_answer_costs_that_answer_alone(ssh: Handed, given: Any) -> None:
    """The rest is untouched."""
    marks = ssh.with_answers(server_port=given).marks()
    assert ["server_port"] == [name for name, mark in marks.items() if not mark.points]
    assert Status.FAILED is marks["server_port"].status


def test_grade_of_a_capture_of_another_seat_earns_nothing(ssh: Handed) -> None:
    """A whole and clean connection between other machines is nobody's work on this seat."""
    assert 0.0 == ssh.on_another_seat().grade().points


def test_grade_is_the_same_for_the_same_submission(ssh: Handed) -> None:
    """Twice the same input, twice the same result."""
    assert ssh.grade() == ssh.grade()


def test_grade_of_a_passed_criterion_gives_no_advice(ssh: Handed) -> None:
    """What was expected, and where to look, are for a criterion that was missed."""
    for name, mark in ssh.marks().items():
        decision = mark.decision
        assert not (decision.expected or decision.look or mark.hint), name


def test_grade_of_steps_gives_part_of_the_points(ssh: Handed) -> None:
    """Each step earns its own; the criterion says which are missing."""
    steps = (
        CriterionStep(1.0, Check("handshake")),
        CriterionStep(2.0, Check("token"), {"en": "Token"}),
        CriterionStep(0.5, FIN),
    )
    mark = ssh.with_exercise(criteria=(Criterion("way", steps),)).marks()["way"]
    assert (1.5, 3.5, Status.FAILED) == (mark.points, mark.worth, mark.status)
    assert [1.0, 0.0, 0.5] == [step.points for step in mark.steps]
    assert ["TCP handshake", "Token", "End of the connection"] == [str(step.title) for step in mark.steps]
    assert "tok7f3a" in mark.decision.found.values.values()


def test_grade_of_several_missing_steps_names_each(ssh: Handed) -> None:
    """The first one's expectation leads; a step on an answer makes the criterion one."""
    steps = (CriterionStep(1.0, UDP), CriterionStep(1.0, Asked("server_port")), CriterionStep(1.0, FIN))
    wrong = ssh.with_answers(server_port=1).with_exercise(criteria=(Criterion("way", steps),))
    decision = wrong.marks()["way"].decision
    first = wrong.decide(UDP)
    assert (first.expected, first.look, True) == (decision.expected, decision.look, decision.asks)
    sentences = said(decision)
    assert first.found.msgid in sentences
    assert {"1"} == {str(values["given"]) for values in sentences.values() if "given" in values}


def test_grade_gives_the_first_hint_that_fits(ssh: Handed) -> None:
    """Hints are for a situation: what the captures and answers show decides which one is given."""
    hints = (Hint({"en": "no SYN"}, Not(Check("handshake"))), Hint({"en": "whole"}, FIN), Hint({"en": "any"}))
    criterion = Criterion("one", (CriterionStep(1.0, UDP),), hints=hints)
    assert "whole" == str(ssh.with_exercise(criteria=(criterion,)).marks()["one"].hint)


def test_grade_follows_the_policy(ssh: Handed) -> None:
    """Hints first, then a part of what is left for each day that has begun."""
    due = ssh.submission.made - 1.5 * DAY
    taken = ssh.with_submission(manifest={"hints": ["ssh/fin", "ssh/nothing", 7]})
    result = taken.grade(Policy(hint=0.5, due=due, per_day=0.1))
    assert [-0.5, -1.5] == [adjustment.points for adjustment in result.adjustments]
    assert 6.0 == result.points


def test_grade_points_out_what_the_instructor_has_to_look_at(ssh: Handed) -> None:
    """A submission without a date, and an exercise that rests on the student's own PC."""
    undated = ssh.with_submission(made=0.0).grade(Policy(due=1.0, per_day=1.0))
    assert (8.0, ["undated"]) == (undated.points, [remark.kind for remark in undated.remarks])
    elsewhere = ssh.on_another_seat().with_exercise(anywhere=True).grade()
    assert ["elsewhere"] == [remark.kind for remark in elsewhere.remarks]


def test_grade_points_out_several_folders_of_the_lab(ssh: Handed, tmp_path: Path) -> None:
    """A repository that students share, without a roster that tells their folders."""
    name, [file] = ssh.plan.lab.name, ssh.submission.captures.values()
    for whose in ("alice", "bob"):
        (tmp_path / whose / name).mkdir(parents=True)
        shutil.copy(file, tmp_path / whose / name / "ssh.pcap")
    both = {id: tmp_path / whose / name / "ssh.pcap" for id, whose in (("ssh", "alice"), ("ssh.2", "bob"))}
    for captures, kinds in ((both, ["several"]), ({"ssh": both["ssh"]}, [])):
        graded = ssh.with_submission(folder=tmp_path, captures=captures).grade()
        assert kinds == [remark.kind for remark in graded.remarks]


def test_grade_gives_a_part_of_the_points_for_almost_everything(ssh: Handed) -> None:
    """The port of another moment, and a capture without its last packets."""
    mark = ssh.with_answers(local_port="50990").marks()["local_port"]
    assert (0.5, 1.0, Status.FAILED) == (mark.points, mark.worth, mark.status)
    assert mark.decision.almost and mark.decision.discreet
    assert 0.0 == ssh.with_answers(local_port=None).marks()["local_port"].points


def test_grade_points_out_a_capture_from_before_the_assignment(ssh: Handed) -> None:
    """Its time tells that it was recorded for something else."""
    [facts] = ssh.case.context.facts.values()
    begun = facts.packets[0].time
    found = [[each.kind for each in ssh.grade(Policy(given=begun + late)).remarks] for late in (0, 1)]
    assert [False, True] == ["early" in kinds for kinds in found]


def test_grade_of_a_course_without_seats_leaves_out_hosts(ssh: Handed) -> None:
    """Their state was not handed in, and nobody can: the sum is that of the packets and the answers."""
    checks = (Check("fin"), Check("firewalld_on", {"host": "server"}))
    course = ssh.with_exercise(checks=checks).with_submission(state={})
    course = course._replace(plan=replace(course.plan, source=cast(Lab, course.plan.lab)))
    assert 6.0 == course.grade().worth
    assert 5.0 == course.grade(Policy(without_seats=True)).worth


def test_grade_of_a_course_without_seats_says_what_no_answer_declares(ssh: Handed) -> None:
    """The exercise rests on the one conversation of its kind; the sentence names no answer."""
    service = ExpectedConversation("client", "server", "tcp", 22)
    there = ssh.on_another_seat().with_exercise(anywhere=True, conversation=service)
    taken = there.with_submission(answers={}).grade(Policy(without_seats=True)).taken
    assert [{"exercise": "ssh", "captures": ["ssh"]}] == [each.values for each in taken]


def test_grade_names_each_part_of_several_alike(ssh: Handed) -> None:
    """A type of DNS questions that is missing costs its own part."""
    dns = Check("dns", {"types": ["A", "MX"]})
    mark = ssh.with_exercise(checks=(dns,)).marks()["dns"]
    assert [["A"], ["A"], ["MX"], ["MX"]] == [step.title.values["types"] for step in mark.steps]
    assert (0.0, 1.0) == (mark.points, mark.worth)
