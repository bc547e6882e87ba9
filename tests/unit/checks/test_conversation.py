"""Checks of captures: what passes, what fails and why, and what cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sharklab.checks.outcome import Reference, Status
from sharklab.evidence.packets.model import Facts
from sharklab.lab.model import ExpectedConversation
from sharklab.message import Message
from tests.support.checks_sample import Sample, shown, without, words

SSH = Sample(["ssh.pcap"])


@pytest.mark.parametrize(
    ("kind", "packets", "found"),
    [
        ("handshake", (1, 2, 3), "Packets 1, 2 and 3 open the connection: SYN, SYN/ACK, ACK."),
        ("fin", (44, 45, 46), "Packets 44, 45, 46 close the connection: FIN and ACK of each side."),
    ],
)
def test_judge_passes_a_whole_connection(kind: str, packets: tuple[int, ...], found: str) -> None:
    """The outcome names the packets that it rests on."""
    outcome = SSH.check(kind)
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert (Reference(capture="ssh.pcap", packets=packets),) == outcome.evidence


def test_judge_passes_traffic_both_ways() -> None:
    """The outcome says how much went each way, and names every packet with data."""
    outcome = SSH.check("traffic")
    found = "The client sends 3741 bytes and the server 4213 bytes."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert shown("ssh.pcap").conversations[0].data_packets == outcome.evidence[0].packets


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [
        ("refused.pcap", "handshake", "The RST of packet 2 refuses the connection."),
        ("reject.pcap", "handshake", "The ICMP message of packet 4 refuses the connection."),
        ("drop.pcap", "handshake", "The server does not answer the client (packets sent: 4)."),
        ("voice.pcap", "handshake", "The conversation is UDP, which has no handshake."),
        ("voice.pcap", "fin", "The conversation is UDP, which has no FIN."),
        ("refused.pcap", "traffic", "The RST of packet 2 refuses the connection."),
        ("refused.pcap", "fin", "The server ends the connection with a RST (packet 2)."),
        ("nfs.pcap", "fin", "The client ends the connection with a RST (packet 40)."),
        ("ssh.pcap", "udp_exchange", "The conversation is TCP, not UDP."),
        (
            "udp_reject.pcap",
            "udp_exchange",
            "The client sends 1 datagrams and the server 0. The ICMP message of packet 2 refuses a datagram.",
        ),
    ],
)
def test_judge_fails_what_did_not_come_about(name: str, kind: str, found: str) -> None:
    """The outcome says what happened instead."""
    outcome = Sample([name]).check(kind)
    assert Status.FAILED is outcome.status
    assert words(outcome).startswith(found)


@pytest.mark.parametrize(
    ("missing", "kind", "found"),
    [
        ((1,), "handshake", "The capture does not show the whole handshake of the conversation."),
        ((44, 45, 46), "fin", "The capture shows no FIN: the connection was still open"),
        ((45, 46), "fin", "The FIN exchange is not complete; packets with a FIN: 44."),
    ],
)
def test_judge_fails_a_connection_without_its_ends(missing: tuple[int, ...], kind: str, found: str) -> None:
    """A beginning or an end that is not there is not guessed."""
    outcome = replace(SSH, facts={"ssh.pcap": without("ssh.pcap", *missing)}).check(kind)
    assert Status.FAILED is outcome.status
    assert words(outcome).startswith(found)


def test_judge_fails_traffic_one_way() -> None:
    """A server that never speaks is not traffic."""
    data = shown("ssh.pcap").conversations[0].data_packets
    spoken = [n for n in data if shown("ssh.pcap").packet(n).source.address == "10.77.5.2"]
    outcome = replace(SSH, facts={"ssh.pcap": without("ssh.pcap", *spoken)}).check("traffic")
    assert (Status.FAILED, "The client sends 3741 bytes and the server 0 bytes.") == (
        outcome.status,
        words(outcome),
    )


def test_judge_passes_datagrams_both_ways_and_mentions_the_others() -> None:
    """Of several sockets of one client the busiest is shown, and the outcome says so."""
    outcome = Sample(["voice.pcap"]).check("udp_exchange")
    assert Status.PASSED is outcome.status
    assert "Of 5 such conversations, this one has the most packets" in words(outcome)


@pytest.mark.parametrize(("wanted", "status"), [("tcp", Status.PASSED), ("udp", Status.FAILED)])
def test_judge_tells_the_transport(wanted: str, status: Status) -> None:
    """The transport is the captured conversation's."""
    assert status is SSH.check("transport", value=wanted).status


def test_judge_chooses_by_host_and_port() -> None:
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
def test_judge_knows_the_client_of_a_conversation_begun_before_the_capture(
    name: str, unseen: Sequence[int], port: int
) -> None:
    """When the server is the first to be seen, the exercise or its port says who is the client."""
    conversation = ExpectedConversation("client", "server", port=port)
    sample = Sample([name], conversation, facts={name: without(name, *unseen)})
    assert ("10.77.5.1", "10.77.5.2") == (
        sample.ask("client_address").value,
        sample.ask("server_address").value,
    )


def test_judge_finds_the_handshake_over_ipv6() -> None:
    """A host is known by any of its addresses."""
    assert Status.PASSED is Sample(["ssh6.pcap"]).check("handshake").status


@pytest.mark.parametrize("kind", ["handshake", "traffic", "fin", "udp_exchange", "sockets", "token", "clean"])
@pytest.mark.parametrize(
    "sample",
    [
        Sample(),
        Sample(["missing.pcap"]),
        Sample(["ssh.pcap"], facts={"ssh.pcap": Facts()}),
        Sample(["ssh.pcap"], facts={"ssh.pcap": Facts(problem=Message("the capture is empty"))}),
    ],
    ids=["no capture", "lost", "no packet", "unreadable"],
)
def test_judge_never_passes_without_packets(kind: str, sample: Sample) -> None:
    """No evidence proves nothing, also for what should be absent."""
    assert sample.check(kind).status in (Status.FAILED, Status.INCONCLUSIVE)


def test_judge_says_why_a_capture_is_not_there() -> None:
    """The reader learns which capture is missing, or what is wrong with it."""
    broken = Sample(["ssh.pcap"], facts={"ssh.pcap": Facts(problem=Message("the capture is empty"))})
    assert "The capture ssh.pcap cannot be read: the capture is empty." == words(broken.check("fin"))
    assert "The run left no capture missing.pcap." == words(Sample(["missing.pcap"]).check("fin"))


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        (
            Sample(["nfs.pcap"], facts={"nfs.pcap": replace(shown("nfs.pcap"), cut=True)}),
            "The capture nfs.pcap is cut short.",
        ),
        (Sample(["nfs.pcap"], dropped=7), "tcpdump dropped packets of the capture nfs.pcap (7)."),
        (Sample(["short.pcap"]), "The capture short.pcap kept only the beginning of packets (41)."),
    ],
)
def test_judge_is_inconclusive_when_the_capture_lacks_something(sample: Sample, found: str) -> None:
    """A FIN that is not in a flawed capture may have been there."""
    outcome = sample.check("fin")
    assert Status.INCONCLUSIVE is outcome.status
    assert words(outcome).endswith(found)


def test_judge_passes_what_a_flawed_capture_shows_all_the_same() -> None:
    """What is there is there, whatever else was lost."""
    assert Status.PASSED is replace(SSH, dropped=7).check("fin").status


def test_judge_of_a_clean_capture() -> None:
    """A capture that holds only the exercise's conversation is clean, and names all its packets."""
    outcome = SSH.check("clean")
    assert (Status.PASSED, "Every packet belongs to the exercise (46).") == (outcome.status, words(outcome))
    assert tuple(range(1, 47)) == outcome.evidence[0].packets


def test_judge_of_a_capture_with_other_traffic() -> None:
    """ARP and neighbour discovery are not the exercise's; the outcome names their packets."""
    outcome = Sample(["drop.pcap"]).check("clean")
    assert Status.FAILED is outcome.status
    assert (Reference(capture="drop.pcap", packets=(4, 5, 6, 7)),) == outcome.evidence


def test_judge_does_not_call_a_flawed_capture_clean() -> None:
    """What was dropped may have been anything: a check that something is absent fails closed."""
    assert Status.INCONCLUSIVE is replace(SSH, dropped=7).check("clean").status


def test_judge_finds_the_token_in_names_and_in_payload() -> None:
    """The packets that carry the token, in whatever case, are the evidence."""
    outcome = Sample(["reuse.pcap", "dns.pcap"]).check("token")
    assert Status.PASSED is outcome.status
    assert [("reuse.pcap", (4, 6)), ("dns.pcap", (1, 2))] == [
        (reference.capture, reference.packets[:2]) for reference in outcome.evidence
    ]


def test_judge_does_not_find_the_token_in_another_capture() -> None:
    """An encrypted session carries no token."""
    outcome = SSH.check("token")
    assert (Status.FAILED, "No packet has the token tok7f3a.") == (outcome.status, words(outcome))


def test_judge_without_a_conversation_takes_what_is_there() -> None:
    """An exercise that names no hosts is about the capture's own conversation."""
    assert Status.PASSED is Sample(["ssh.pcap"], conversation=None).check("handshake").status
