"""What a conversation shows: opening, traffic, closing, datagrams, the token, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.checks import phrases
from sharklab.checks.outcome import Outcome, Reference, Status
from sharklab.evidence.packets import facts
from sharklab.message import Message
from tests.support import packets_sample
from tests.support.capture_files import recording
from tests.support.checks_sample import Sample, said, shown, without, words
from tests.support.packets_made import LINKS, Tcp, Way, exchange, fragments, pcap, udp
from tests.support.packets_sample import CLIENT, SERVER, packet

SSH = Sample(["ssh.pcap"])


def first_values(outcome: Outcome) -> Mapping[str, object]:
    """Return the message ids of what was found, each with the first of its values."""
    return {msgid: next(iter(values.values()), None) for msgid, values in said(outcome).items()}


@pytest.mark.parametrize(
    ("kind", "packets", "found"),
    [
        ("handshake", (1, 2, 3), "Packets 1, 2 and 3 open the connection: SYN, SYN/ACK, ACK."),
        ("fin", (44, 45, 46), "Packets 44, 45, 46 close the connection: FIN and ACK of each side."),
    ],
)
def test_connection_that_is_whole_passes(kind: str, packets: tuple[int, ...], found: str) -> None:
    """The outcome names the packets that it rests on."""
    outcome = SSH.check(kind)
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert (Reference(capture="ssh.pcap", packets=packets),) == outcome.evidence


def test_traffic_both_ways_passes() -> None:
    """The outcome says how much went each way, and names every packet with data."""
    outcome = SSH.check("traffic")
    found = "The client sends 3741 bytes and the server 4213 bytes."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert shown("ssh.pcap").conversations[0].data_packets == outcome.evidence[0].packets


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [
        ("refused.pcap", "handshake", {"The RST of packet {number} refuses the connection.": 2}),
        ("reject.pcap", "handshake", {"The ICMP message of packet {number} refuses the connection.": 4}),
        ("drop.pcap", "handshake", {"The server does not answer the client (packets sent: {count}).": 4}),
        ("voice.pcap", "handshake", {"The conversation is {transport}, which has no handshake.": "UDP"}),
        ("voice.pcap", "fin", {"The conversation is {transport}, which has no FIN.": "UDP"}),
        ("refused.pcap", "traffic", {"The RST of packet {number} refuses the connection.": 2}),
        ("refused.pcap", "fin", {"The server ends the connection with a RST (packet {number}).": 2}),
        ("nfs.pcap", "fin", {"The client ends the connection with a RST (packet {number}).": 40}),
        ("ssh.pcap", "udp_exchange", {"The conversation is {transport}, not UDP.": "TCP"}),
        (
            "udp_reject.pcap",
            "udp_exchange",
            {
                "The client sends {client} and the server {server}.": Message(
                    phrases.DATAGRAMS, {"count": 1}
                ),
                "The ICMP message of packet {number} refuses a datagram.": 2,
            },
        ),
    ],
)
def test_conversation_that_did_not_come_about_fails(
    name: str, kind: str, found: Mapping[str, object]
) -> None:
    """The outcome says what happened instead."""
    outcome = Sample([name]).check(kind)
    assert Status.FAILED is outcome.status
    assert found.items() <= first_values(outcome).items()


@pytest.mark.parametrize(
    ("missing", "kind", "found"),
    [
        (
            (1,),
            "handshake",
            {"The capture does not show the whole handshake of the conversation.": None},
        ),
        (
            (44, 45, 46),
            "fin",
            {
                "The capture shows no FIN: it ended before the connection did, "
                "or its last packets were left out.": None
            },
        ),
        ((45, 46), "fin", {"The FIN exchange is not complete; packets with a FIN: {numbers}.": (44,)}),
    ],
)
def test_connection_without_its_ends_fails(
    missing: tuple[int, ...], kind: str, found: Mapping[str, object]
) -> None:
    """A beginning or an end that is not there is not guessed."""
    outcome = replace(SSH, facts={"ssh.pcap": without("ssh.pcap", *missing)}).check(kind)
    assert Status.FAILED is outcome.status
    assert found.items() <= first_values(outcome).items()


def test_traffic_one_way_fails() -> None:
    """A server that never speaks is not traffic."""
    data = shown("ssh.pcap").conversations[0].data_packets
    spoken = [n for n in data if shown("ssh.pcap").packet(n).source.address == "10.77.5.2"]
    outcome = replace(SSH, facts={"ssh.pcap": without("ssh.pcap", *spoken)}).check("traffic")
    assert (Status.FAILED, "The client sends 3741 bytes and the server 0 bytes.") == (
        outcome.status,
        words(outcome),
    )


@pytest.mark.parametrize(("wanted", "status"), [("tcp", Status.PASSED), ("udp", Status.FAILED)])
def test_transport_of_the_conversation(wanted: str, status: Status) -> None:
    """The transport is the captured conversation's."""
    assert status is SSH.check("transport", value=wanted).status


def test_clean_of_a_capture_without_other_traffic_passes() -> None:
    """A capture that holds only the exercise's conversation is clean, and names all its packets."""
    outcome = SSH.check("clean")
    assert (Status.PASSED, "Every packet belongs to the exercise (46).") == (outcome.status, words(outcome))
    assert tuple(range(1, 47)) == outcome.evidence[0].packets


def test_clean_of_a_capture_with_other_traffic_fails() -> None:
    """ARP and neighbour discovery are not the exercise's; the outcome names their packets."""
    outcome = Sample(["drop.pcap"]).check("clean")
    assert Status.FAILED is outcome.status
    assert (Reference(capture="drop.pcap", packets=(4, 5, 6, 7)),) == outcome.evidence


@pytest.mark.parametrize(
    ("port", "other", "status"),
    [(443, 22, Status.FAILED), (443, 993, Status.PASSED), (22, 22, Status.PASSED)],
)
def test_clean_of_a_session_beside_it(port: int, other: int, status: Status, tmp_path: Path) -> None:
    """The session in which one works is no part of the exercise, unless this is about SSH."""
    way = Way(CLIENT, SERVER)
    packets = [*exchange(Tcp(way, 50_001, port)), *Tcp(way, 50_002, other).opening]
    frames = [LINKS["ethernet"].wrap(each, "<") for each in packets]
    found = facts(recording(pcap(tmp_path / "a.pcap", 1, frames, "<", 1000)))
    assert status is Sample(["a"], facts={"a": found}).check("clean").status


def test_clean_takes_fragments_for_packets_of_their_conversation(tmp_path: Path) -> None:
    """Of a datagram that was sent in pieces only the last one has a transport; other hosts' are not."""
    ways = [Way(CLIENT, SERVER, 7), Way(CLIENT, "192.0.2.9", 8)]
    pieces = [[*fragments(way, udp(40000, 60000, bytes(100)), size=40)] for way in ways]
    for packets, status in ((pieces[0], Status.PASSED), (pieces[0] + pieces[1], Status.FAILED)):
        frames = [LINKS["ethernet"].wrap(each, "<") for each in packets]
        found = facts(recording(pcap(tmp_path / "a.pcap", 1, frames, "<", 1000)))
        assert status is Sample(["a"], facts={"a": found}).check("clean").status


@pytest.mark.parametrize("arrow", "><")
def test_handshake_of_one_direction_says_so(arrow: str) -> None:
    """The other side answered, as the ACKs tell: the capture lacks its packets."""
    packets = [packet(arrow, "ACK", payload=1), packet(arrow, "FIN", "ACK")]
    found = Sample(["a"], facts={"a": packets_sample.shown(packets)}).check("handshake")
    assert {"The capture has one direction only: every packet is from {sender}."} == {*said(found)}


def test_token_in_names_and_in_payload_passes() -> None:
    """The packets that carry the token, in whatever case, are the evidence."""
    outcome = Sample(["reuse.pcap", "dns.pcap"]).check("token")
    assert Status.PASSED is outcome.status
    assert [("reuse.pcap", (4, 6)), ("dns.pcap", (1, 2))] == [
        (reference.capture, reference.packets[:2]) for reference in outcome.evidence
    ]


def test_token_of_another_capture_fails() -> None:
    """An encrypted session carries no token."""
    outcome = SSH.check("token")
    assert (Status.FAILED, "No packet has the token tok7f3a.") == (outcome.status, words(outcome))


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("handshake", {}),
        ("traffic", {}),
        ("fin", {}),
        ("udp_exchange", {}),
        ("transport", {"value": "tcp"}),
        ("clean", {}),
    ],
)
def test_check_fails_without_a_conversation(kind: str, params: dict[str, Any]) -> None:
    """Other packets are none of the exercise's hosts."""
    outcome = Sample(["icmp.pcap"]).check(kind, **params)
    found = "No capture of the exercise shows a conversation between client and server."
    assert (Status.FAILED, found) == (outcome.status, words(outcome))
    assert (Reference(capture="icmp.pcap"),) == outcome.evidence


def test_check_fails_without_a_conversation_of_any_hosts() -> None:
    """An exercise that names no hosts, and a capture without TCP and UDP."""
    outcome = Sample(["icmp.pcap"], None).check("handshake")
    found = "No capture of the exercise shows a conversation."
    assert (Status.FAILED, found, ()) == (outcome.status, words(outcome), outcome.evidence)
