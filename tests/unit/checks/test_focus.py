"""The conversation that an exercise is about is chosen by hosts, transport and port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sharklab.checks.outcome import Status
from sharklab.evidence.packets.model import Role
from sharklab.lab.model import ExpectedConversation
from tests.support.checks_sample import Sample, said, without
from tests.support.packets_sample import packet
from tests.support.packets_sample import shown as facts_of

SSH = Sample(["ssh.pcap"])


def test_focus_takes_the_longest_conversation_and_mentions_the_others() -> None:
    """Of several sockets of one client the busiest is shown, and the outcome says so."""
    outcome = Sample(["voice.pcap"]).check("udp_exchange")
    assert Status.PASSED is outcome.status
    text = "Of {many} such conversations, this one has the most packets: {client} to {server}."
    assert 5 == said(outcome)[text]["many"]


def test_focus_chooses_by_host_and_port() -> None:
    """A conversation with another port or between other hosts is not the exercise's."""
    dns = ExpectedConversation("client", "server", "udp", 53)
    assert Status.PASSED is Sample(["dns.pcap"], conversation=dns).check("udp_exchange").status
    for other in (
        replace(dns, port=5353),
        replace(dns, client="desktop"),
        ExpectedConversation("server", "client"),
    ):
        assert Status.FAILED is Sample(["dns.pcap"], conversation=other).check("udp_exchange").status


@pytest.mark.parametrize(
    ("name", "unseen", "port"), [("ssh.pcap", range(1, 6), 0), ("dns.pcap", (1, *range(3, 23)), 53)]
)
def test_focus_knows_the_client_of_a_conversation_begun_before_the_capture(
    name: str, unseen: Sequence[int], port: int
) -> None:
    """When the server is the first to be seen, the exercise or its port says who is the client."""
    conversation = ExpectedConversation("client", "server", port=port)
    sample = Sample([name], conversation, facts={name: without(name, *unseen)})
    assert ("10.77.5.1", "10.77.5.2") == (
        sample.ask("client_address").value,
        sample.ask("server_address").value,
    )


def late(arrow: str, role: Role = Role.OPEN) -> Sample:
    """Return an exercise whose capture has one packet of data, far from the opening."""
    conversation = ExpectedConversation("client", "server")
    facts = facts_of([packet(arrow, "PSH", "ACK", payload=9, local=760, port=2049, role=role)])
    return Sample(["late"], conversation, facts={"late": facts})


@pytest.mark.parametrize("arrow", ["<", ">"])
def test_focus_matches_a_declared_conversation_either_way_round(arrow: str) -> None:
    """Where no SYN and no contents tell who is the client, the exercise does."""
    sample = late(arrow)
    assert ("760", "2049") == (sample.ask("local_port").value, sample.ask("server_port").value)


def test_focus_does_not_turn_a_conversation_whose_contents_tell_the_client() -> None:
    """The server that calls the client is no conversation of the exercise."""
    assert Status.PASSED is late(">", Role.CLIENT).check("transport", value="tcp").status
    assert Status.FAILED is late("<", Role.CLIENT).check("transport", value="tcp").status


def test_focus_finds_the_handshake_over_ipv6() -> None:
    """A host is known by any of its addresses."""
    assert Status.PASSED is Sample(["ssh6.pcap"]).check("handshake").status


def test_focus_without_a_conversation_takes_any_packets() -> None:
    """An exercise that names no hosts is about the capture's own conversation."""
    assert Status.PASSED is Sample(["ssh.pcap"], conversation=None).check("handshake").status
