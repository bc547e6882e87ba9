"""Captures of a student's own PC: their answers declare the conversation that counts."""

from __future__ import annotations

from typing import Any

import pytest

from sharklab.checks.outcome import Status
from sharklab.grading.marking.own_computer import moved
from sharklab.lab.model import Check
from tests.support.handed import Handed, handed


@pytest.fixture(scope="module")
def pc(tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """Return a submission of which the capture is from elsewhere, where the exercise allows it."""
    return handed(tmp_path_factory.mktemp("ssh")).on_another_seat().with_exercise(anywhere=True)


def test_moved_puts_the_hosts_at_the_declared_ends(pc: Handed) -> None:
    """Every check and every question goes on from there, and the exercise is pointed out."""
    seat = pc.case.context.plan.seat
    addresses = [str(seat.address(host, "lan").ipv4.ip) for host in ("client", "server")]
    assert ["10.77.5.1", "10.77.5.2"] == addresses
    result = pc.grade()
    assert (result.worth, ["elsewhere"]) == (result.points, [remark.kind for remark in result.remarks])


@pytest.mark.parametrize(
    "wrong",
    [{"server_port": "443"}, {"transport": "UDP"}, {"server_address": "192.0.2.9"}, {"local_port": None}],
)
def test_moved_needs_every_answer_to_be_right(pc: Handed, wrong: dict[str, Any]) -> None:
    """One declared value that no conversation has makes it any capture of anybody's."""
    changed = pc.with_answers(**wrong)
    assert changed.plan.seat == changed.case.context.plan.seat
    assert 0.0 == changed.grade().points


def test_moved_needs_a_declaration(pc: Handed) -> None:
    """An exercise that asks for no address, or has no conversation, cannot say which one counts."""
    for undeclared in (pc.with_exercise(questions=()), pc.with_exercise(conversation=None)):
        assert undeclared.plan.seat == undeclared.case.context.plan.seat
        assert Status.FAILED is undeclared.decide(Check("handshake")).status


def test_moved_takes_a_conversation_over_ipv6(pc: Handed) -> None:
    """The ends of a conversation are IPv6 addresses as well."""
    from pathlib import Path

    data = Path(__file__).parents[3] / "data" / "ssh6.pcap"
    six = pc.with_capture(data)
    [talk, *_] = six.case.context.facts["ssh"].conversations
    answers = {
        "server_address": talk.server.address,
        "server_port": talk.server.port,
        "local_port": talk.client.port,
        "transport": "TCP",
    }
    context = moved(six.case.context, answers)
    assert talk.server.address == str(context.plan.seat.address("server", "lan").ipv6.ip)
