"""The conversation of an exercise without answers, which the lab and the capture tell without a doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.checks.context import Talk
from sharklab.checks.outcome import Status
from sharklab.evidence.packets.model import Endpoint
from sharklab.grading.marking.policy import Policy
from sharklab.grading.marking.sole_conversation import of_kind
from sharklab.lab.model import Check, Exercise, ExpectedConversation
from tests.support.checks_sample import DATA, shown
from tests.support.handed import Handed, handed

WITHOUT = Policy(without_seats=True)
TCP22: Mapping[str, Any] = {"conversation": ExpectedConversation("client", "server", "tcp", 22)}


@pytest.fixture(scope="module")
def pc(tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """Return a submission of which the capture is from elsewhere, where the exercise allows it."""
    return handed(tmp_path_factory.mktemp("ssh")).on_another_seat().with_exercise(anywhere=True)


def exercise(pc: Handed, filter: str = "", checks: tuple[Check, ...] = (), **values: Any) -> Exercise:
    """Return the exercise, its capture with another filter."""
    captures = tuple(replace(each, filter=filter) for each in pc.exercise.captures)
    return replace(pc.exercise, captures=captures, checks=checks, **values)


def talks(*ports: int) -> list[Talk]:
    """Return the connection of ssh.pcap to each of these ports, each of another server."""
    [talk] = shown("ssh.pcap").conversations
    return [
        ("ssh", replace(talk, server=Endpoint(f"10.77.5.{place}", port)))
        for place, port in enumerate(ports, 2)
    ]


def test_of_kind_gives_the_conversations_with_the_service(pc: Handed) -> None:
    """Other conversations of the capture do not matter; without a service of the lab there is none."""
    ssh, web = talks(22, 443)
    assert [ssh, ssh] == of_kind(exercise(pc, **TCP22), [web, ssh, ssh])
    assert [] == of_kind(exercise(pc, conversation=None), [ssh])


def test_of_kind_is_nothing_with_two_servers(pc: Handed) -> None:
    """Nobody knows which one is meant."""
    assert [] == of_kind(exercise(pc, **TCP22), talks(22, 22))


def test_grade_of_a_course_without_seats_gives_what_the_packets_show(pc: Handed) -> None:
    """The questions have no answer and earn nothing; student and instructor hear of it."""
    silent = pc.with_exercise(**TCP22).with_submission(answers={})
    result, marks = silent.grade(WITHOUT), silent.marks(WITHOUT)
    passed = {name for name, mark in marks.items() if mark.status is Status.PASSED}
    assert {"handshake", "traffic", "fin"} <= passed
    assert not passed & set(pc.exercise.questions)
    assert [{"exercise": "ssh", "captures": ["ssh"]}] == [each.values for each in result.taken]


@pytest.mark.parametrize("wrong", [{"server_address": "192.0.2.9"}, {"local_port": "1", "transport": "UDP"}])
def test_grade_with_answers_that_fit_nothing_gives_what_the_packets_show(pc: Handed, wrong: Any) -> None:
    """Wrong answers never earn less than none."""
    asked = pc.with_exercise(**TCP22)
    silent = asked.with_submission(answers={}).grade(WITHOUT)
    given = asked.with_submission(answers={"ssh": wrong}).grade(WITHOUT)
    assert silent.points <= given.points
    [said] = [each for each in given.taken if "captures" in each.values]
    assert "no answer of {exercise} fits" in said.msgid


@pytest.mark.parametrize(
    ("file", "answers", "policy"),
    [
        ("dns.pcap", {}, WITHOUT),
        ("ssh.pcap", {}, Policy()),
        ("ssh.pcap", {"ssh": {"server_address": "192.0.2.9"}}, Policy()),
    ],
    ids=["another service", "a course with seats", "a course with seats, and another address"],
)
def test_grade_gives_nothing_else(file: str, answers: Any, policy: Policy, pc: Handed) -> None:
    """No points for a conversation of something else, nor where seats have known addresses."""
    given = pc.with_exercise(**TCP22).with_submission(answers=answers).with_capture(DATA / Path(file))
    result = given.grade(policy)
    assert (0.0, []) == (result.points, [each for each in result.taken if "captures" in each.values])
