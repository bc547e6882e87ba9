"""The input of a check: one exercise, its captures, and the other evidence of the run."""

from __future__ import annotations

import pytest

from sharklab.checks.context import contexts
from sharklab.lab.model import ExpectedConversation
from tests.support import matrix_sample
from tests.support.checks_sample import Sample, lines, result, shown

CONTEXT = Sample(
    ["ssh.pcap", "missing.pcap"], ExpectedConversation("client", "server"), lines("ssh"), [result("probe")]
).context()


def test_contexts_are_one_for_each_exercise_in_their_order() -> None:
    """Matrices are exercises, too."""
    plan, evidence = matrix_sample.Sample().run()
    found = contexts(plan, evidence)
    assert [exercise.id for exercise in plan.lab.exercises] == [each.exercise.id for each in found]
    assert ["tcp", "udp"] == [each.matrix.id for each in found if each.matrix]


def test_captures_are_those_of_the_exercise_that_were_recorded() -> None:
    """One that the run lost is left out, and its facts with it."""
    assert ["ssh.pcap"] == list(CONTEXT.captures)
    assert {"ssh.pcap": shown("ssh.pcap")} == CONTEXT.facts


def test_addresses_and_hosts_are_found_by_each_other() -> None:
    """A host has an address of each family; what no host has is nobody\'s."""
    assert {"10.77.5.2", "fd77:5::2"} == CONTEXT.addresses("server")
    assert {"server"} == {CONTEXT.host_at(address) for address in CONTEXT.addresses("server")}
    assert (frozenset(), "") == (CONTEXT.addresses("printer"), CONTEXT.host_at("192.0.2.1"))


@pytest.mark.parametrize(
    ("conversation", "sides"),
    [(ExpectedConversation("desktop", "server"), ("desktop", "server")), (None, ("", ""))],
)
def test_client_and_server_are_those_of_the_conversation(
    conversation: ExpectedConversation | None, sides: tuple[str, str]
) -> None:
    """An exercise may name none."""
    context = Sample(conversation=conversation).context()
    assert sides == (context.client, context.server)


def test_sockets_and_probes_are_found_by_host_and_id() -> None:
    """Nothing is made up for a host or a probe that left nothing."""
    assert {"server"} == {socket.host for socket in CONTEXT.sockets("server")}
    assert () == CONTEXT.sockets("desktop")
    assert (result("probe"), None) == (CONTEXT.probe("probe"), CONTEXT.probe("other"))


def test_matrix_is_none_for_an_exercise_of_its_own() -> None:
    """Only the exercises of matrices have one."""
    assert CONTEXT.matrix is None
