"""An answer is the value on which its sources agree; without one the sentence says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks import question as question_module
from sharklab.checks.kind import Need
from sharklab.checks.outcome import Status
from sharklab.checks.question import QUESTIONS, Value, question
from sharklab.lab.model import ExpectedConversation
from tests.support.checks_sample import Sample, lines, said, shown, words

DNS = Sample(["dns.pcap"], ExpectedConversation("client", "server", "udp", 53))
SSH = Sample(["ssh.pcap"], sockets=lines("ssh"))


def test_answer_names_its_sources() -> None:
    """Capture, sockets of both hosts, and plan agree."""
    answer = SSH.ask("server_address")
    sources = ["capture ssh.pcap", "ss on client", "ss on server", "the plan"]
    assert f"The sources agree: {', '.join(sources)}." == words(answer)
    alone = Sample(["refused.pcap"]).ask("client_sequence")
    assert "Source: capture refused.pcap." == words(alone)


def test_answer_of_sources_that_disagree_is_inconclusive() -> None:
    """Who says what is told, and no value is given."""
    forged = tuple(
        replace(line, line=line.line.replace("10.77.5.2:22 ", "10.77.5.2:2222 "))
        for line in lines("ssh")
        if "ESTAB" in line.line
    )
    answer = replace(SSH, sockets=forged).ask("server_port")
    assert (None, Status.INCONCLUSIVE) == (answer.value, answer.status)
    expected = (
        "The sources disagree: capture ssh.pcap says 22, ss on client says 2222, ss on server says 2222."
    )
    assert expected == words(answer)


def test_answer_that_the_plan_contradicts_is_inconclusive() -> None:
    """A server on another port than the lab's is not the answer to the lab's question."""
    both = replace(DNS, conversation=ExpectedConversation("client", "server", port=5353), probes=())
    answer = both.ask("dns_server_port")
    assert (None, "The sources disagree: capture dns.pcap says 53, the plan says 5353.") == (
        answer.value,
        words(answer),
    )


def test_answer_of_two_dns_servers_is_inconclusive() -> None:
    """The capture has questions over IPv4 and over IPv6."""
    answer = DNS.ask("dns_server_address")
    assert (None, Status.INCONCLUSIVE) == (answer.value, answer.status)
    assert "There are several values: {sources}." in said(answer)


def test_answer_is_none_without_a_measurement() -> None:
    """The plan alone is no measurement."""
    answer = Sample().ask("server_address")
    expected = (None, Status.INCONCLUSIVE, "No capture, socket or command of the run shows it.")
    assert expected == (answer.value, answer.status, words(answer))


def test_question_declares_the_function_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The declaration says which answer the function measures, and leaves the function as it is."""
    monkeypatch.setattr(question_module, "QUESTIONS", {})
    sources = QUESTIONS["transport"].sources
    assert sources is question("wire", "TCP or UDP", Value.TRANSPORT, Need.CONTENTS)(sources)
    declared = question_module.QUESTIONS["wire"]
    assert (sources, Value.TRANSPORT, frozenset({Need.CONTENTS})) == (
        declared.sources,
        declared.value,
        declared.needs,
    )


def test_question_refuses_a_name_that_is_taken() -> None:
    """The first declaration stays."""
    before = QUESTIONS["transport"]
    with pytest.raises(ValueError, match="transport"):
        question("transport", "", Value.TRANSPORT)(before.sources)
    assert before is QUESTIONS["transport"]


@pytest.mark.parametrize(
    ("name", "answer", "changes"),
    [
        ("transport", "TCP", False),
        ("server_address", "10.77.5.2", False),
        ("server_port", "22", False),
        ("local_port", "34898", True),
    ],
)
def test_answer_that_a_conversation_gives(name: str, answer: str, changes: bool) -> None:
    """The system chooses the port of a client; the other answers are the same in each connection."""
    asked, talk = QUESTIONS[name], shown("ssh.pcap").conversations[0]
    assert (True, changes, answer) == (asked.of_conversation, asked.changes, asked.of(talk))


@pytest.mark.parametrize(("name", "of_reply"), [("dns_server_port", True), ("server_port", False)])
def test_question_about_a_reply(name: str, of_reply: bool) -> None:
    """The request alone shows almost as much."""
    assert of_reply is QUESTIONS[name].of_reply


@pytest.mark.parametrize(("name", "of_seat"), [("cause", True), ("where", True), ("server_port", False)])
def test_question_with_choices_is_of_the_seat(name: str, of_seat: bool) -> None:
    """The faults of a seat are known without evidence, and the answer is one of a few."""
    assert of_seat is QUESTIONS[name].of_seat
