"""ARP and echo: who asks, who answers, and what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks.outcome import Outcome, Reference, Status
from sharklab.evidence.packets.model import Endpoint, Facts
from tests.support.checks_sample import ASKED, Sample, shown, without, words
from tests.support.packets_sample import shown as facts_of

PING = "icmp.pcap"
SERVER, NOBODY = "10.77.5.2", "10.77.5.77"


def of(facts: Facts, kind: str, **params: object) -> Outcome:
    """Return what a check says of the facts of one capture."""
    return Sample([PING], facts={PING: facts}).check(kind, **params)


def test_echo_counts_requests_and_replies() -> None:
    """Both families count; the packets are named."""
    outcome = Sample([PING]).check("echo", requests=3)
    assert (Status.PASSED, "Echo requests: 3; replies: 3.") == (outcome.status, words(outcome))
    assert (Reference(capture=PING, packets=(3, 4, 5, 6, 9, 10)),) == outcome.evidence


@pytest.mark.parametrize(("missing", "requests", "replies"), [((6,), 3, 2), ((), 4, 3)])
def test_echo_fails_when_one_is_missing(missing: tuple[int, ...], requests: int, replies: int) -> None:
    """A request without its reply, or one that was not sent."""
    outcome = of(without(PING, *missing), "echo", requests=requests)
    assert (Status.FAILED, {"requests": 3, "replies": replies}) == (outcome.status, outcome.found.values)


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


def test_shown_packets_are_what_the_tests_think() -> None:
    """The recorded ping has ARP first and three requests."""
    assert ["arp", "arp"] == [each.transport for each in shown(PING).packets[:2]]


def test_arp_counts_the_client_alone() -> None:
    """A question of another host is not the client's, nor is an answer to another host."""
    ask, tell = shown(PING).packets[:2]
    elsewhere = Endpoint("10.77.5.3", 0)
    asked = of(facts_of([replace(ask, source=elsewhere), tell]), "arp", address=SERVER)
    told = of(facts_of([ask, replace(tell, destination=elsewhere)]), "arp", address=SERVER)
    assert (Status.FAILED, {"address": SERVER}) == (asked.status, asked.found.values)
    assert (Status.FAILED, {"address": SERVER, "count": 1}) == (told.status, told.found.values)
