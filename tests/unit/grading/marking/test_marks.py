"""Grading: what a submission earns, criterion by criterion, from its own packets and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.author import reference
from sharklab.checks.outcome import Status
from sharklab.grading.marking.marks import grade
from sharklab.grading.marking.model import Mark, Result
from sharklab.grading.marking.policy import DAY, Policy
from sharklab.grading.submission.model import Submission
from sharklab.lab import seat
from sharklab.lab.model import (
    AllOf,
    AnyOf,
    Asked,
    Check,
    Condition,
    Criterion,
    CriterionStep,
    Hint,
    Not,
    Plan,
)
from tests.support import host_state, report_run

DATA = Path(__file__).parents[3] / "data"
Handed = tuple[Plan, Submission]


@pytest.fixture
def ssh(tmp_path: Path) -> Handed:
    """Return the plan of an exercise about an SSH connection, and what earns every point of it."""
    report_run.seal(tmp_path, ["ssh"])
    return reference.reference(tmp_path)


def marks(result: Result) -> Mapping[str, Mark]:
    """Return the marks of the only exercise by criterion."""
    return {mark.criterion: mark for mark in result.exercises[0].marks}


def with_criteria(plan: Plan, *criteria: Criterion) -> Plan:
    """Return the plan of one exercise with criteria of its author's."""
    [exercise] = plan.lab.exercises
    return replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, criteria=criteria),)))


def decided(handed: Handed, condition: Condition) -> Mark:
    """Return the mark of a criterion that asks for `condition` alone."""
    plan, submission = handed
    return marks(grade(with_criteria(plan, Criterion("one", (CriterionStep(1.0, condition),))), submission))[
        "one"
    ]


def answering(submission: Submission, **answers: Any) -> Submission:
    """Return the submission with other answers to the questions of its only exercise."""
    [(exercise, given)] = submission.answers.items()
    return replace(submission, answers={exercise: {**given, **answers}})


def test_grade_of_everything_right_earns_every_point(ssh: Handed) -> None:
    """Each check of packets and each question is worth a point; what only a run records is left out."""
    result = grade(*ssh)
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
    assert names == list(marks(result))
    assert (8.0, 8.0) == (result.points, result.worth)


def test_grade_of_nothing_is_failed_everywhere(ssh: Handed) -> None:
    """Nobody earns anything, nor is undecided, by handing in nothing."""
    plan, submission = ssh
    result = grade(plan, reference.empty(submission))
    assert (0.0, 8.0) == (result.points, result.worth)
    assert {Status.FAILED} == {mark.status for mark in marks(result).values()}


def test_grade_without_the_capture_says_how_to_record_it(ssh: Handed) -> None:
    """Answers alone prove nothing, also right ones."""
    plan, submission = ssh
    result = grade(plan, replace(submission, captures={}))
    assert 0.0 == result.points
    assert "Not handed in: ssh." == str(marks(result)["server_port"].decision.found)
    assert "On client, record it with: tcpdump -i lan -w ssh.pcap" == str(marks(result)["fin"].decision.look)


@pytest.mark.parametrize("given", ["23", "", None, [22, 23], "x" * 500, {"port": 22}])
def test_grade_of_a_wrong_answer_costs_that_answer_alone(ssh: Handed, given: Any) -> None:
    """What was expected stands beside it, and the rest is untouched."""
    plan, submission = ssh
    result = grade(plan, answering(submission, server_port=given))
    assert ["server_port"] == [name for name, mark in marks(result).items() if not mark.points]
    assert Status.FAILED is marks(result)["server_port"].status


def test_grade_of_a_wrong_answer_stands_beside_the_key(ssh: Handed) -> None:
    """The instructor reads what the packets show, and which packets."""
    plan, submission = ssh
    mark = marks(grade(plan, answering(submission, server_port=23)))["server_port"]
    assert ("23 is not what your packets show.", "22") == (
        str(mark.decision.found),
        str(mark.decision.expected),
    )
    assert "ssh" == mark.decision.evidence[0].capture
    assert mark.decision.asks


def test_grade_of_a_capture_of_another_seat_shows_nothing(ssh: Handed) -> None:
    """A whole and clean connection between other machines earns nothing on this seat."""
    plan, submission = ssh
    seat = replace(plan.seat, addresses={name: {} for name in plan.seat.addresses})
    result = grade(replace(plan, seat=seat), submission)
    assert 0.0 == result.points
    assert "No packet of ssh is to or from a host of your seat." == str(marks(result)["clean"].decision.found)


def test_grade_of_no_capture_at_all_is_inconclusive(ssh: Handed, tmp_path: Path) -> None:
    """A file that cannot be read earns nothing, and the instructor is told to look."""
    plan, submission = ssh
    (tmp_path / "prose.pcap").write_text("I forgot to record it.")
    result = grade(plan, replace(submission, captures={"ssh": tmp_path / "prose.pcap"}))
    assert 0.0 == result.points
    assert Status.INCONCLUSIVE is marks(result)["handshake"].status


def test_grade_where_sources_disagree_is_inconclusive(ssh: Handed) -> None:
    """A key counts only when no independent source contradicts it: here the plan says another port."""
    plan, submission = ssh
    [exercise] = plan.lab.exercises
    conversation = replace(exercise.conversation, port=0) if exercise.conversation else None
    two = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, conversation=conversation),)))
    seat = plan.seat
    server = {"lan": replace(seat.address("server", "lan"), ipv4=seat.address("client", "lan").ipv4)}
    moved = replace(two, seat=replace(seat, addresses={**seat.addresses, "server": server}))
    assert 0.0 == marks(grade(moved, submission))["server_address"].points


def test_grade_is_the_same_for_the_same_submission(ssh: Handed) -> None:
    """Twice the same input, twice the same result."""
    assert grade(*ssh) == grade(*ssh)


def test_grade_of_a_check_that_breaks_is_an_error(ssh: Handed, monkeypatch: pytest.MonkeyPatch) -> None:
    """It earns nothing, and says that it is the grader's fault."""
    from sharklab.checks import KINDS

    def breaks(*_: object) -> None:
        raise ZeroDivisionError("0")

    broken = replace(KINDS["fin"], function=breaks)  # type: ignore[arg-type]
    monkeypatch.setitem(KINDS, "fin", broken)
    mark = marks(grade(*ssh))["fin"]
    assert (Status.ERROR, 0.0) == (mark.status, mark.points)
    assert "The check itself failed: ZeroDivisionError: 0" == str(mark.decision.found)


FIN, UDP, PORT = Check("fin"), Check("udp_exchange"), Asked("server_port")


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (AllOf((FIN, PORT)), Status.PASSED),
        (AllOf((FIN, UDP)), Status.FAILED),
        (AnyOf((FIN, UDP)), Status.PASSED),
        (AnyOf((UDP, Check("token"))), Status.FAILED),
        (Not(UDP), Status.PASSED),
        (Not(FIN), Status.FAILED),
        (Not(AnyOf((UDP, FIN))), Status.FAILED),
        (AllOf((FIN, Check("nonsense"))), Status.ERROR),
        (AnyOf((UDP, Check("nonsense"))), Status.ERROR),
        (AnyOf((FIN, Check("nonsense"))), Status.PASSED),
        (Not(Check("nonsense")), Status.ERROR),
        (Check("probes"), Status.INCONCLUSIVE),
    ],
)
def test_grade_of_several_conditions(ssh: Handed, condition: Condition, status: Status) -> None:
    """All, any and not: a part that breaks is shown unless it does not matter."""
    assert status is decided(ssh, condition).status


@pytest.mark.parametrize("condition", [Not(UDP), Not(AllOf((FIN, UDP))), Not(PORT)])
def test_grade_of_not_without_evidence_fails(ssh: Handed, condition: Condition) -> None:
    """That something is not there is proved by what was looked at, never by handing in nothing."""
    plan, submission = ssh
    assert Status.FAILED is decided((plan, reference.empty(submission)), condition).status


def test_grade_of_not_without_the_conversation_fails(ssh: Handed) -> None:
    """Nor is it proved by packets of something else between the same machines."""
    plan, submission = ssh
    assert (
        Status.FAILED
        is decided((plan, replace(submission, captures={"ssh": DATA / "icmp.pcap"})), Not(FIN)).status
    )


def test_grade_of_steps_gives_part_of_the_points(ssh: Handed) -> None:
    """Each step earns its own; the criterion says which are missing."""
    plan, submission = ssh
    steps = (
        CriterionStep(1.0, Check("handshake")),
        CriterionStep(2.0, Check("token"), {"en": "Token"}),
        CriterionStep(0.5, FIN),
    )
    mark = marks(grade(with_criteria(plan, Criterion("way", steps)), submission))["way"]
    assert (1.5, 3.5, Status.FAILED) == (mark.points, mark.worth, mark.status)
    assert [1.0, 0.0, 0.5] == [step.points for step in mark.steps]
    assert ["TCP handshake", "Token", "End of the connection"] == [str(step.title) for step in mark.steps]
    assert "No packet has the token tok7f3a." == str(mark.decision.found)


def test_grade_gives_the_first_hint_that_fits(ssh: Handed) -> None:
    """Hints are for a situation: what the captures and answers show decides which one is given."""
    plan, submission = ssh
    hints = (Hint({"en": "no SYN"}, Not(Check("handshake"))), Hint({"en": "whole"}, FIN), Hint({"en": "any"}))
    criterion = Criterion("one", (CriterionStep(1.0, UDP),), hints=hints)
    assert "whole" == str(marks(grade(with_criteria(plan, criterion), submission))["one"].hint)


def test_grade_takes_off_what_hints_and_lateness_cost(ssh: Handed) -> None:
    """Hints first, then a part of what is left for each day that has begun."""
    plan, submission = ssh
    due = submission.made - 1.5 * DAY
    taken = replace(submission, manifest={"hints": ["ssh/fin", "ssh/nothing", 7]})
    result = grade(plan, taken, Policy(hint=0.5, due=due, per_day=0.1))
    assert [-0.5, -1.5] == [adjustment.points for adjustment in result.adjustments]
    assert 6.0 == result.points


@pytest.mark.parametrize(
    ("policy", "days", "part"),
    [
        (Policy(due=1000.0, per_day=0.1), 0, 0.0),
        (Policy(due=1000.0, per_day=0.1), 1, 0.1),
        (Policy(due=1000.0, per_day=0.1), 3, 0.3),
        (Policy(due=1000.0, per_day=0.1, at_most=0.2), 3, 0.2),
        (Policy(due=1000.0, per_day=0.1, closed=2), 3, 1.0),
        (Policy(due=0.0, per_day=0.1), 3, 0.0),
    ],
)
def test_lateness_takes_what_the_policy_says(policy: Policy, days: int, part: float) -> None:
    """A part for each day, up to the most, and everything once it is closed."""
    late = policy.days_late(1000.0 + days * DAY)
    assert (days if policy.due else 0) == late
    assert part == pytest.approx(policy.lateness(late))


def test_days_late_within_grace_is_in_time() -> None:
    """The minutes after the bell are given; a second more and the first day has begun."""
    policy = Policy(due=1000.0, grace=300.0)
    assert [0, 1] == [policy.days_late(1300.0), policy.days_late(1301.0)]


def test_grade_of_a_submission_without_a_time_is_pointed_out(ssh: Handed) -> None:
    """It is not late, for nobody knows, and the instructor is told."""
    plan, submission = ssh
    result = grade(plan, replace(submission, made=0.0), Policy(due=1.0, per_day=1.0))
    assert 8.0 == result.points
    assert ["undated"] == [remark.kind for remark in result.remarks]


ON = Check("firewalld_on", {"host": "server"})


@pytest.mark.parametrize("state", [{}, {"server": {}}, {"server": {"services": "all fine"}}, {"client": {}}])
def test_grade_of_a_host_without_its_state_fails(ssh: Handed, state: dict[str, Any]) -> None:
    """What is not there, or has not the shape of an observation, shows nothing, nor its contrary."""
    plan, submission = ssh
    for condition in (ON, Not(ON)):
        mark = decided((plan, replace(submission, state=state)), condition)
        assert (Status.FAILED, 0.0) == (mark.status, mark.points)


@pytest.mark.parametrize(("services", "condition"), [({"firewalld": host_state.UP}, ON), ({}, Not(ON))])
def test_grade_of_a_host_needs_no_capture(
    ssh: Handed, services: dict[str, Any], condition: Condition
) -> None:
    """What a host is like is shown by its state alone, that it is not so as well."""
    plan, submission = ssh
    state = {"server": host_state.seen(services=services)}
    assert Status.PASSED is decided((plan, replace(submission, captures={}, state=state)), condition).status


def anywhere(handed: Handed) -> Handed:
    """Return a plan whose exercise may be shown elsewhere, for a seat that is not where the capture is."""
    plan, submission = handed
    [exercise] = plan.lab.exercises
    plan = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, anywhere=True),)))
    places = {
        host: {"ipv4": f"192.0.2.{number}/24", "ipv6": f"fd00::{number}/64"}
        for number, host in enumerate(("client", "server"), 1)
    }
    return replace(plan, seat=seat.with_addresses(plan.seat, places)), submission


def test_grade_of_the_students_own_pc_goes_by_what_they_declare(ssh: Handed) -> None:
    """Address, ports and protocol of the answers are those of a conversation in it; it is pointed out."""
    result = grade(*anywhere(ssh))
    assert (8.0, ["elsewhere"]) == (result.points, [remark.kind for remark in result.remarks])


@pytest.mark.parametrize(
    "wrong",
    [{"server_port": "443"}, {"transport": "UDP"}, {"server_address": "192.0.2.9"}, {"local_port": None}],
)
def test_grade_of_the_students_own_pc_without_what_is_declared(ssh: Handed, wrong: dict[str, Any]) -> None:
    """What is declared must be there, all of it: else it is a capture of anybody's."""
    plan, submission = anywhere(ssh)
    assert 0.0 == grade(plan, answering(submission, **wrong)).points
