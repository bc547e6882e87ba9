"""Checks below and beside connections: ARP, echo, what is not on the wire, and two address families."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from sharklab.checks.outcome import Outcome, Reference, Status
from sharklab.evidence.packets.model import Facts, Packet
from tests.support.checks_sample import ASKED, Sample, shown, without, words
from tests.support.packets_sample import packet
from tests.support.packets_sample import shown as facts_of

PING = "icmp.pcap"
SERVER, NOBODY = "10.77.5.2", "10.77.5.77"
ENDS = {"IPv4": ("10.77.5.1", SERVER), "IPv6": ("fd77:5::1", "fd77:5::2")}


def of(facts: Facts, kind: str, **params: object) -> Outcome:
    """Return what a check says of the facts of one capture."""
    return Sample([PING], facts={PING: facts}).check(kind, **params)


def test_echo_counts_requests_and_replies() -> None:
    """Both families count; the packets are named."""
    outcome = Sample([PING]).check("echo", requests=3)
    assert (Status.PASSED, "Echo requests: 3; replies: 3.") == (outcome.status, words(outcome))
    assert (Reference(capture=PING, packets=(3, 4, 5, 6, 9, 10)),) == outcome.evidence


@pytest.mark.parametrize(
    ("missing", "requests", "found"), [((6,), 3, "3; replies: 2."), ((), 4, "3; replies: 3.")]
)
def test_echo_fails_when_one_is_missing(missing: tuple[int, ...], requests: int, found: str) -> None:
    """A request without its reply, or one that was not sent."""
    outcome = of(without(PING, *missing), "echo", requests=requests)
    assert Status.FAILED is outcome.status and words(outcome).endswith(found)


def test_echo_of_another_host_does_not_count() -> None:
    """Only the exercise's client and server are meant."""
    outcome = Sample([PING], replace(ASKED, server="desktop")).check("echo", requests=3)
    assert Status.FAILED is outcome.status


def test_arp_names_question_and_answer() -> None:
    """Who has it, and who says so."""
    outcome = Sample([PING]).check("arp", address=SERVER)
    found = "Packet 1 asks who has 10.77.5.2, packet 2 answers."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert (Reference(capture=PING, packets=(1, 2)),) == outcome.evidence


@pytest.mark.parametrize(
    ("missing", "address", "found"),
    [
        ((2,), SERVER, "No host answers the questions for 10.77.5.2 (1)."),
        ((), NOBODY, "No host asks for 10.77.5.77."),
    ],
)
def test_arp_fails_without_answer_or_question(missing: tuple[int, ...], address: str, found: str) -> None:
    """What is missing is said."""
    outcome = of(without(PING, *missing), "arp", address=address)
    assert (Status.FAILED, found) == (outcome.status, words(outcome))


def test_arp_takes_no_question_for_an_answer() -> None:
    """The server that asks for the client in its turn has not answered."""
    ask, tell = shown(PING).packets[:2]
    turned = replace(tell, info="Who has 10.77.5.1? Tell 10.77.5.2")
    assert Status.FAILED is of(facts_of([ask, turned]), "arp", address=SERVER).status


def test_no_arp_passes_on_a_question_that_nobody_answers() -> None:
    """The address belongs to nobody."""
    outcome = of(without(PING, 2), "no_arp", address=SERVER)
    found = "No host answers the questions for 10.77.5.2 (1)."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))


@pytest.mark.parametrize(
    ("address", "found"),
    [(SERVER, "Packet 2 answers: a host has 10.77.5.2."), (NOBODY, "No host asks for 10.77.5.77.")],
)
def test_no_arp_fails_on_an_answer_or_without_a_question(address: str, found: str) -> None:
    """Nothing asked is no proof that nobody has it."""
    outcome = Sample([PING]).check("no_arp", address=address)
    assert (Status.FAILED, found) == (outcome.status, words(outcome))


def test_no_arp_is_inconclusive_when_packets_were_lost() -> None:
    """The answer may be among them."""
    sample = Sample([PING], facts={PING: without(PING, 2)}, dropped=1)
    assert Status.INCONCLUSIVE is sample.check("no_arp", address=SERVER).status


def test_unseen_passes_when_the_capture_is_empty() -> None:
    """Beside a capture that shows the exercise's own packets."""
    sample = Sample([PING, "ssh.pcap"], facts={PING: Facts()})
    outcome = sample.check("unseen", capture=PING)
    assert (Status.PASSED, "Packets in the capture icmp.pcap: 0.") == (outcome.status, words(outcome))


def test_unseen_fails_on_a_packet() -> None:
    """All of them are named."""
    outcome = Sample([PING, "ssh.pcap"]).check("unseen", capture=PING)
    assert Status.FAILED is outcome.status
    assert (Reference(capture=PING, packets=tuple(range(1, 11))),) == outcome.evidence


@pytest.mark.parametrize("dropped", [0, 1])
def test_unseen_is_inconclusive_without_a_whole_capture(dropped: int) -> None:
    """A capture that is not there, or that lost packets, proves nothing."""
    facts = {PING: Facts()} if dropped else {}
    sample = Sample(["nowhere.pcap", "ssh.pcap"] if not dropped else [PING, "ssh.pcap"], facts=facts)
    name = sample.captures[0]
    assert Status.INCONCLUSIVE is replace(sample, dropped=dropped).check("unseen", capture=name).status


@pytest.mark.parametrize(("name", "status"), [("ssh.pcap", Status.PASSED), ("dns.pcap", Status.FAILED)])
def test_hidden_looks_for_the_token(name: str, status: Status) -> None:
    """SSH hides it, DNS does not."""
    assert status is Sample([name]).check("hidden").status


def syn(at: float, family: str, local: int) -> Packet:
    """Return the SYN of a new connection by a family."""
    return packet(">", "SYN", at=at, ends=ENDS[family], local=local, port=8001, seq=100)


def opened(at: float, family: str, local: int) -> list[Packet]:
    """Return the three packets of a connection that comes about."""
    first = syn(at, family, local)
    answer = replace(first, source=first.destination, destination=first.source, seq=500, ack=101)
    return [
        first,
        replace(answer, flags=("SYN", "ACK")),
        replace(first, flags=("ACK",), seq=101, ack=501),
    ]


@pytest.mark.parametrize(
    ("packets", "way", "found"),
    [
        (
            [syn(0.0, "IPv6", 1), *opened(0.2, "IPv4", 2)],
            "races",
            "The client tries IPv6 in packet 1, and IPv4 0.20 s later in packet 2, without waiting.",
        ),
        (
            [syn(0.0, "IPv6", 1), syn(1.0, "IPv6", 1), *opened(3.0, "IPv4", 2)],
            "waits",
            "The client tries IPv6 in packet 1, and IPv4 only 3.00 s later in packet 3.",
        ),
        (opened(0.0, "IPv4", 1), "ipv4_only", "The client tries IPv4 alone, in packet 1."),
    ],
)
def test_families_tell_how_a_client_tries(packets: Iterable[Packet], way: str, found: str) -> None:
    """The delay is measured between the first SYNs; the connection is IPv4's."""
    outcome = of(facts_of(packets), "families", port=8001, way=way)
    assert (Status.PASSED, f"{found} The connection uses IPv4.") == (outcome.status, words(outcome))


def test_families_take_any_of_several_ways() -> None:
    """A browser may or may not believe that it has IPv6."""
    packets = opened(0.0, "IPv6", 1)
    outcome = of(facts_of(packets), "families", port=8001, way=["races", "ipv6_only"])
    assert Status.PASSED is outcome.status and words(outcome).endswith("The connection uses IPv6.")


@pytest.mark.parametrize(
    ("packets", "port", "found"),
    [
        ([syn(0.0, "IPv6", 1), *opened(3.0, "IPv4", 2)], 8001, "The connection uses IPv4."),
        ([syn(0.0, "IPv6", 1), syn(0.2, "IPv4", 2)], 8001, "No attempt leads to a connection."),
        (opened(0.0, "IPv4", 1), 8002, "The client does not try to connect to port 8002."),
    ],
    ids=["another way", "no connection", "another port"],
)
def test_families_fail(packets: Iterable[Packet], port: int, found: str) -> None:
    """A client that waits does not race, one that gets nowhere fails."""
    outcome = of(facts_of(packets), "families", port=port, way="races")
    assert Status.FAILED is outcome.status and words(outcome).endswith(found)


def test_shown_packets_are_what_the_tests_think() -> None:
    """The recorded ping has ARP first and three requests."""
    assert ["arp", "arp"] == [each.transport for each in shown(PING).packets[:2]]
