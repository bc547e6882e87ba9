"""Answers read against the captures: right, and wrong in different ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharklab.checks.context import Context
from sharklab.checks.outcome import Status
from sharklab.evidence.packets.model import Packet
from sharklab.grading.marking.answer_match import choose_conversations
from sharklab.grading.marking.model import Decision
from sharklab.grading.marking.reading import explain_decision, is_requested, is_right
from sharklab.message import N_, NOTHING, Message
from tests.support.checks_sample import Sample
from tests.support.packets_sample import packet, shown

OTHER_END = N_("{given} is of the other end of the conversation: you exchanged client and server.")
OUTSIDE = N_("Your capture has {key}, you wrote {given}: that is of another conversation in it.")
OTHER_MOMENT = N_(
    "Your capture has {key}, you wrote {given}: two different connections. "
    "Record and look at the sockets at the same time."
)
UNSEEN = N_("Your capture has {key}, you wrote {given}.")
NOT_SHOWN = N_("{given} is not what your packets show.")
QUESTIONS = ("server_address", "server_port", "local_port", "transport")
GIVEN = {"server_address": "10.77.5.2", "server_port": "443", "transport": "TCP"}


def syn(local: int, port: int = 443, server: str = "10.77.5.2") -> Packet:
    """Return the opening of a connection."""
    return packet(">", "SYN", local=local, port=port, ends=("10.77.5.1", server))


def context_of(*packets: Packet, **given: Any) -> Context:
    """Return an exercise with the conversations that the answers mean."""
    context = Sample(["one"], facts={"one": shown(packets)}).context()
    exercise = replace(context.exercise, questions=QUESTIONS)
    return choose_conversations(replace(context, exercise=exercise), {**GIVEN, **given})


@pytest.mark.parametrize(
    ("question", "given", "key", "right"),
    [
        ("local_port", "50001", "50001", True),
        ("local_port", "50001, 50002", "50001", True),
        ("local_port", "50001, 50990", "50001", True),
        ("local_port", "50990, 50991", "50001", False),
        ("local_port", ", ".join(map(str, range(50000, 50009))), "50001", False),
        ("server_port", "443", "443", True),
        ("server_port", "443, 8443", "443", True),
        ("server_port", "443, 80", "443", False),
        ("server_port", "8443", "443", False),
        ("server_port", "", "443", False),
        ("client_bytes", "7, 8", "7", False),
    ],
)
def test_is_right_of_one_value_or_several(question: str, given: str, key: str, right: bool) -> None:
    """A server's port must be in the captures; of one's own ports one is enough, and no guess."""
    context = context_of(syn(50001), syn(50002, 8443), **{question: given})
    assert right is is_right(context, question, given, key)


@pytest.mark.parametrize(
    ("question", "given", "found"),
    [
        ("local_port", "443", OTHER_END),
        ("server_address", "10.77.5.1", OTHER_END),
        ("local_port", "50007", OUTSIDE),
        ("server_port", "53", OUTSIDE),
        ("local_port", "50990", OTHER_MOMENT),
        ("local_port", "1", UNSEEN),
        ("local_port", "12345", UNSEEN),
        ("server_port", "80", UNSEEN),
        ("server_address", "192.0.2.77", UNSEEN),
        ("server_address", "a name", NOT_SHOWN),
        ("client_bytes", "7", NOT_SHOWN),
    ],
)
def test_explained_says_in_what_way_an_answer_is_wrong(question: str, given: str, found: str) -> None:
    """What the capture shows elsewhere is never said to be absent."""
    context = context_of(syn(50001), syn(50007, 53, "192.0.2.9"))
    key = Message("50001")
    wrong = explain_decision(
        Decision(Status.FAILED, NOTHING, key), context, question, given, {"given": given}
    )
    assert found == wrong.found.msgid
    assert wrong.almost is (found == OTHER_MOMENT)
    assert bool(wrong.discreet) is ("{key}" in found)
    assert "50001" not in str(wrong.discreet)


def test_explained_without_a_conversation_says_no_more() -> None:
    """Nothing was recorded that the answer could be compared with."""
    wrong = explain_decision(
        Decision(Status.FAILED, NOTHING), context_of(), "local_port", "50990", {"given": "50990"}
    )
    assert not wrong.almost


@pytest.mark.parametrize(
    ("question", "given", "requested"),
    [
        ("dns_server_address", "10.77.5.2", True),
        ("dns_server_address", "10.77.5.3", False),
        ("dns_server_address", "", False),
        ("dns_server_port", "53/udp", True),
        ("dns_server_port", "53, 54", False),
        ("server_address", "10.77.5.2", False),
    ],
)
def test_is_requested_of_the_server_that_is_asked(question: str, given: str, requested: bool) -> None:
    """In a capture with questions alone; an answer that came is no request."""
    dns = Sample(["dns_refused.pcap"]).context()
    assert requested is is_requested(dns, question, given)
    assert not is_requested(Sample(["ntp.pcapng"]).context(), question, given)
