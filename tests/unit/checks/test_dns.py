"""DNS questions: asked, answered, answered otherwise, and not asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sharklab.checks.outcome import Reference, Status
from sharklab.lab.model import ExpectedConversation
from tests.support.checks_sample import Sample, said, shown, words

DNS = Sample(["dns.pcap"], ExpectedConversation("client", "server", "udp", 53))
DOMAIN = "tok7f3a.lab.example"


def test_dns_questions_with_answers_pass() -> None:
    """Each type names its answer and both packets."""
    outcome = DNS.check("dns", types=["A", "AAAA", "MX"], name=DOMAIN)
    found = (
        "A: 10.77.5.2 in packet 2, AAAA: fd77:5::2 in packet 4, MX: 10 mail.tok7f3a.lab.example in packet 6"
    )
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert Reference(capture="dns.pcap", packets=(1, 2)) in outcome.evidence


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"types": ["PTR"]}, {"{type}: not asked": {"type": "PTR"}}),
        ({"types": ["A"], "name": "other.example"}, {"{type}: not asked": {"type": "A"}}),
        (
            {"types": ["A"], "name": f"nowhere.{DOMAIN}"},
            {"{type}: {answers} in packet {number}": {"type": "A", "number": 10, "answers": "NXDOMAIN"}},
        ),
        (
            {"types": ["A"], "name": DOMAIN, "rcode": "NXDOMAIN"},
            {"{type}: {answers} in packet {number}": {"type": "A", "number": 2, "answers": ("10.77.5.2",)}},
        ),
    ],
)
def test_dns_questions_without_the_answer_fail(params: dict[str, Any], found: Mapping[str, object]) -> None:
    """Not asked, asked for another name, and answered otherwise are told apart."""
    outcome = DNS.check("dns", **params)
    assert Status.FAILED is outcome.status
    assert found.items() <= said(outcome).items()


def test_dns_question_without_an_answer_fails() -> None:
    """An ICMP error is no answer."""
    outcome = Sample(["dns_refused.pcap"]).check("dns", types=["A"])
    assert (Status.FAILED, "A: asked in packet 1, not answered") == (outcome.status, words(outcome))


def test_dns_answer_without_records_fails() -> None:
    """NOERROR without an address (a name of another type) does not answer the question."""
    dns = [replace(exchange, answers=()) for exchange in shown("dns.pcap").dns]
    empty = replace(DNS, facts={"dns.pcap": replace(shown("dns.pcap"), dns=tuple(dns))})
    outcome = empty.check("dns", types=["A"], name=DOMAIN)
    assert (Status.FAILED, "A: NOERROR in packet 2") == (outcome.status, words(outcome))


def test_dns_expected_failure_of_a_name_passes() -> None:
    """A lab may ask for NXDOMAIN."""
    assert Status.PASSED is DNS.check("dns", types=["A"], name=f"Nowhere.{DOMAIN}.", rcode="NXDOMAIN").status


def test_dns_of_another_server_does_not_count() -> None:
    """The answer must come from the exercise's server."""
    other = replace(DNS, conversation=ExpectedConversation("client", "desktop"))
    assert Status.FAILED is other.check("dns", types=["A"]).status


@pytest.mark.parametrize(
    ("changed", "status", "found"),
    [
        ({}, Status.PASSED, {"number": 2}),
        ({"question": 0}, Status.FAILED, {"number": 2}),
        ({"answer": 0, "rcode": "", "answers": ()}, Status.FAILED, {"number": 1}),
    ],
)
def test_dns_wants_both_parts_and_dns_half_one_of_them(
    changed: dict[str, Any], status: Status, found: Mapping[str, object]
) -> None:
    """A capture without the question, or without the answer, is almost right; its packet is told."""
    [first, *_] = shown("dns.pcap").dns
    facts = replace(shown("dns.pcap"), dns=(replace(first, **changed),))
    half = replace(DNS, facts={"dns.pcap": facts})
    assert Status.PASSED is half.check("dns_half", types=["A"], name=DOMAIN).status
    outcome = half.check("dns", types=["A"], name=DOMAIN)
    assert status is outcome.status
    assert any(found.items() <= values.items() for values in said(outcome).values())


@pytest.mark.parametrize("params", [{"types": ["A", "PTR"]}, {"types": ["A"], "rcode": "SERVFAIL"}])
def test_dns_half_wants_each_type_and_no_other_answer(params: dict[str, Any]) -> None:
    """A type that is not asked is missing, and a wrong answer is no half of a right one."""
    assert Status.FAILED is DNS.check("dns_half", **params, name=DOMAIN).status
