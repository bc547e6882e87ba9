"""The conversations that are worth a picture: which are one, and which comes first."""

from __future__ import annotations

from dataclasses import replace

from sharklab.evidence.packets.model import Conversation
from sharklab.report.conversations import choose_conversations
from tests.support import report_sample as sample


def test_drawn_puts_a_resolvers_questions_together() -> None:
    """Three questions from three ports to one service are one picture without a client port."""
    [talk] = choose_conversations(sample.dns_facts().conversations, ())
    assert (talk.packets, talk.client.port) == ((1, 2, 3, 4, 5, 6), 0)


def test_drawn_puts_evidence_before_length() -> None:
    """The conversation that an outcome rests on is the first picture."""
    facts = sample.ssh_facts()
    other = Conversation("tcp", replace(sample.CLIENT, port=50000), sample.SERVER, tuple(range(100, 300)))
    assert choose_conversations((other, *facts.conversations), {2})[0] == facts.conversations[0]


def test_drawn_keeps_tcp_connections_apart() -> None:
    """Each connection is a picture of its own, the longest first."""
    [talk] = sample.ssh_facts().conversations
    other = replace(talk, client=replace(talk.client, port=50000), packets=(70, 71))
    assert (talk, other) == choose_conversations((other, talk), ())
