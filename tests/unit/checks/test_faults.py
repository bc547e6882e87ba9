"""Questions and the check about the faults of a seat: where, why, and which packets show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.context import Context
from sharklab.checks.faults import symptom
from sharklab.checks.outcome import Reference, Status
from sharklab.checks.question import answer
from sharklab.lab import fault_choice
from sharklab.lab.model import ExpectedConversation
from tests.support.checks_sample import ASKED, Sample


def context(
    captures: Sequence[str], *faults: str, talk: ExpectedConversation | None = ASKED, port: int = 0
) -> Context:
    """Return an exercise whose seat has these faults, with its captures."""
    asked = replace(talk, transport="tcp", port=port) if talk and port else talk
    sample = Sample(captures, conversation=asked).context()
    exercise = replace(sample.exercise, faults=tuple((fault,) for fault in faults))
    seat = replace(sample.plan.seat, faults={"one": faults} if faults else {})
    lab = replace(sample.plan.lab, exercises=(exercise,))
    return replace(sample, plan=replace(sample.plan, seat=seat, lab=lab), exercise=exercise)


@pytest.mark.parametrize(
    ("faults", "where", "cause"),
    [
        ((), None, None),
        (("svc-off",), "server", "svc-off"),
        (("svc-off", "ssh-key-mode"), "client, server", "ssh-key-mode, svc-off"),
        (("svc-off", "dns-refused"), "server", "dns-refused, svc-off"),
    ],
)
def test_questions_are_answered_by_the_seat(
    faults: tuple[str, ...], where: str | None, cause: str | None
) -> None:
    """Without a capture, the faults that were injected say where and why."""
    given = context([], *faults)
    assert (where, cause) == tuple(answer(QUESTIONS[name], given).value for name in ("where", "cause"))


def test_questions_offer_hosts_and_causes() -> None:
    """A host of the lab, and a cause of the list or of two others."""
    given = context([], "svc-off")
    offered = {name: QUESTIONS[name].choices for name in ("where", "cause")}
    assert all(offered.values())
    plan, exercise = given.plan, given.exercise
    assert ["client", "server", "desktop"] == [*offered["where"](plan, exercise)]  # type: ignore[misc]
    assert fault_choice.choices(exercise, plan.seat) == offered["cause"](plan, exercise)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("capture", "port", "fault", "status"),
    [
        ("refused.pcap", 8001, "svc-off", Status.PASSED),
        ("refused.pcap", 0, "svc-off", Status.PASSED),
        ("refused.pcap", 8002, "svc-off", Status.FAILED),
        ("refused.pcap", 8001, "fw-wrong-zone", Status.FAILED),
        ("reject.pcap", 8002, "fw-wrong-zone", Status.PASSED),
        ("reject.pcap", 8002, "fw-rich-deny", Status.FAILED),
        ("drop.pcap", 8003, "net-no-way-back", Status.PASSED),
        ("icmp.pcap", 0, "svc-off", Status.FAILED),
    ],
)
def test_symptom_is_the_packets_of_the_fault(capture: str, port: int, fault: str, status: Status) -> None:
    """A RST, the ICMP message of a firewall, silence: at the port of the exercise, and of the right code."""
    assert status is symptom(context([capture], fault, port=port), {}).status


def test_symptom_refers_to_the_packets() -> None:
    """The evidence is the conversation that shows the fault."""
    found = symptom(context(["refused.pcap"], "svc-off", port=8001), {})
    [reference] = found.evidence
    assert Reference("refused.pcap", (1, 2)) == reference


def test_symptom_wants_every_fault_of_the_seat() -> None:
    """One fault lies behind the other: each needs its own packets."""
    both = ("svc-off", "fw-wrong-zone")
    assert Status.FAILED is symptom(context(["refused.pcap"], *both), {}).status
    assert Status.PASSED is symptom(context(["refused.pcap", "reject.pcap"], *both), {}).status


@pytest.mark.parametrize("talk", [None, ExpectedConversation("server", "client")])
def test_symptom_without_the_conversation_shows_nothing(talk: ExpectedConversation | None) -> None:
    """A conversation with another host says nothing about this server."""
    found = symptom(context(["refused.pcap"], "svc-off", talk=talk), {})
    assert (Status.FAILED, True) == (found.status, found.lacking)


def test_symptom_of_a_seat_without_faults_fails() -> None:
    """An old seat file has none: nothing can be shown."""
    assert Status.FAILED is symptom(context(["refused.pcap"]), {}).status
    assert "symptom" in KINDS
