"""How a conversation went, step by step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharklab.checks import KINDS
from sharklab.checks.kind import Need
from sharklab.checks.outcome import Reference, Status
from sharklab.checks.segments import CLOSINGS, OPENINGS
from sharklab.lab.model import ExpectedConversation
from tests.support.checks_sample import Sample, shown, without, words


@pytest.mark.parametrize(
    ("name", "kind", "params", "status", "found"),
    [
        ("ssh.pcap", "opening", {"to": "ack"}, "passed", "Packets of the opening: 1, 2, 3."),
        ("refused.pcap", "opening", {"to": "syn"}, "passed", "Packets of the opening: 1."),
        ("refused.pcap", "opening", {"to": "syn_ack"}, "failed", "Packets of the opening: 1."),
        ("voice.pcap", "opening", {"to": "syn"}, "failed", "Packets of the opening: -."),
        ("refused.pcap", "reset", {"by": "server"}, "passed", "The server sends the RST (packet 2)."),
        ("refused.pcap", "reset", {"by": "client"}, "failed", "The server sends the RST (packet 2)."),
        ("nfs.pcap", "reset", {"by": "client"}, "passed", "The client sends the RST (packet 40)."),
        ("ssh.pcap", "reset", {"by": "client"}, "failed", "No packet has a RST."),
        ("ssh.pcap", "retransmitted", {"least": 1}, "failed", "Retransmissions: -."),
        ("ssh.pcap", "payload", {"contains": "ssh-2.0"}, "passed", "Packets with the text: 4, 6."),
        ("ssh.pcap", "payload", {"contains": "HTTP/1.1"}, "failed", "Packets with the text: -."),
        ("ssh.pcap", "complete", {}, "passed", "tcpdump dropped no packet, and every packet is whole."),
        ("short.pcap", "complete", {}, "failed", None),
    ],
)
def test_check_of_a_conversation(
    name: str, kind: str, params: dict[str, Any], status: str, found: str | None
) -> None:
    """What is asked of the packets, and the numbers of those that tell."""
    outcome = Sample([name]).check(kind, **params)
    assert status == outcome.status
    assert found in (words(outcome), None)


def test_retries_pass_where_nobody_answers() -> None:
    """The SYN is sent again and again; newer kernels begin with equal intervals."""
    outcome = Sample(["drop.pcap"]).check("retries", least=3)
    assert Status.PASSED is outcome.status
    assert "The client sends 4 SYNs; seconds between them: 1.0, 1.0, 1.0." == words(outcome)


@pytest.mark.parametrize(("name", "least"), [("drop.pcap", 4), ("refused.pcap", 1), ("ssh.pcap", 1)])
def test_retries_fail_where_there_are_too_few_or_an_answer(name: str, least: int) -> None:
    """Fewer than asked, a refusal, a connection."""
    assert Status.FAILED is Sample([name]).check("retries", least=least).status


def test_retries_fail_where_intervals_shrink() -> None:
    """Somebody who tries again by hand is no kernel that backs off."""
    drop = shown("drop.pcap")
    first, times = drop.packets[0].time, {1: 0.0, 2: 3.0, 3: 4.0, 8: 4.5}
    moved = tuple(replace(p, time=first + times.get(p.number, 0.0)) for p in drop.packets)
    sample = Sample(["drop.pcap"], facts={"drop.pcap": replace(drop, packets=moved)})
    assert Status.FAILED is sample.check("retries", least=3).status


def test_retransmitted_names_the_packets() -> None:
    """As tshark finds them."""
    seen = [packet.number for packet in shown("drop.pcap").packets if "retransmission" in packet.remarks]
    outcome = Sample(["drop.pcap"]).check("retransmitted", least=3)
    assert (Status.PASSED, [2, 3, 8]) == (outcome.status, seen)
    assert (2, 3, 8) == outcome.evidence[0].packets


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("opening", {"to": "syn"}),
        ("reset", {"by": "client"}),
        ("retries", {"least": 1}),
        ("retransmitted", {"least": 1}),
        ("payload", {"contains": "x"}),
    ],
)
def test_check_fails_without_a_conversation(kind: str, params: dict[str, Any]) -> None:
    """Other packets are none of the exercise's hosts."""
    outcome = Sample(["icmp.pcap"]).check(kind, **params)
    found = "No capture of the exercise shows a conversation between client and server."
    assert (Status.FAILED, found) == (outcome.status, words(outcome))
    assert (Reference(capture="icmp.pcap"),) == outcome.evidence


@pytest.mark.parametrize(
    ("to", "needs"), [("syn", set()), ("syn_ack", {Need.SYN_ACK}), ("ack", {Need.SYN_ACK})]
)
def test_opening_needs_an_answer_beyond_the_syn(to: str, needs: set[Need]) -> None:
    """A SYN alone shows that the client tried; the other steps need the server's answer."""
    assert needs == KINDS["opening"].needs_of({"to": to}, "one")


@pytest.mark.parametrize(
    ("unseen", "steps"),
    [
        ((), {"syn", "syn_ack", "ack"}),
        (tuple(range(3, 47)), {"syn", "syn_ack"}),
        ((1,), {"syn_ack"}),
        ((2,), {"syn"}),
        ((1, 2, 3), set()),
    ],
    ids=["whole", "an export of two packets", "no SYN", "no SYN/ACK", "begun before"],
)
def test_opening_shows_the_steps_of_a_capture_that_is_cut_down(
    unseen: tuple[int, ...], steps: set[str]
) -> None:
    """Almost a handshake is told from none."""
    sample = Sample(["ssh.pcap"], facts={"ssh.pcap": without("ssh.pcap", *unseen)})
    assert steps == {to for to in OPENINGS if sample.check("opening", to=to).status is Status.PASSED}


@pytest.mark.parametrize(
    ("side", "opened", "closed"),
    [("10.77.5.1", {"syn", "ack"}, {"end", "one_side"}), ("10.77.5.2", {"syn_ack"}, {"end", "one_side"})],
)
def test_steps_of_one_direction_are_those_of_its_side(side: str, opened: set[str], closed: set[str]) -> None:
    """A display filter kept one direction: the capture shows that side's steps, and that it sends data."""
    seen = [packet.number for packet in shown("ssh.pcap").packets if packet.source.address != side]
    sample = Sample(["ssh.pcap"], facts={"ssh.pcap": without("ssh.pcap", *seen)})
    assert opened == {to for to in OPENINGS if sample.check("opening", to=to).status is Status.PASSED}
    assert closed == {to for to in CLOSINGS if sample.check("closing", to=to).status is Status.PASSED}
    results = [
        sample.check("sends", sides=1),
        sample.check("sends", sides=2),
        sample.check("present"),
        sample.check("present", both=True),
    ]
    assert ["passed", "failed", "passed", "failed"] == [outcome.status for outcome in results]


@pytest.mark.parametrize(
    ("name", "unseen", "steps"),
    [
        ("ssh.pcap", (), {"end", "one_side", "both_sides"}),
        ("ssh.pcap", (45, 46), {"end", "one_side"}),
        ("ssh.pcap", (44, 45, 46), set()),
        ("reset.pcap", (), {"end"}),
    ],
    ids=["both", "one FIN of two", "none", "RST"],
)
def test_closing_shows_its_steps(name: str, unseen: tuple[int, ...], steps: set[str]) -> None:
    """The end of one side, of both, or a RST."""
    sample = Sample([name], facts={name: without(name, *unseen)})
    assert steps == {to for to in CLOSINGS if sample.check("closing", to=to).status is Status.PASSED}


@pytest.mark.parametrize(
    ("name", "params", "status"),
    [
        ("ssh.pcap", {}, "passed"),
        ("ssh.pcap", {"both": True}, "passed"),
        ("ssh.pcap", {"transport": "tcp"}, "passed"),
        ("ssh.pcap", {"transport": "udp"}, "failed"),
        ("voice.pcap", {"transport": "udp", "both": True}, "passed"),
    ],
)
def test_present_wants_the_transport_and_both_ends(name: str, params: dict[str, Any], status: str) -> None:
    """A course may ask for no more than that the traffic is there."""
    late = Sample([name], facts={name: without(name, *range(1, 12))})
    assert [status, status] == [each.check("present", **params).status for each in (Sample([name]), late)]


@pytest.mark.parametrize(
    ("kind", "params"), [("closing", {"to": "end"}), ("present", {}), ("sends", {"sides": 1})]
)
def test_steps_fail_without_a_conversation(kind: str, params: dict[str, Any]) -> None:
    """Other hosts' packets are no part of the exercise."""
    conversation = ExpectedConversation("desktop", "server")
    assert Status.FAILED is Sample(["ssh.pcap"], conversation).check(kind, **params).status
