"""DNS questions and NFS calls, with the answers that belong to them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.evidence.packets import facts
from sharklab.evidence.packets.model import DecodedCapture
from tests.support.packets_sample import recorded


def test_exchanges_match_dns_answers_to_questions() -> None:
    """Each question has its answer, over UDP, TCP, IPv4 and IPv6; the type of failure is named."""
    found = [(e.question, e.answer, e.transport, e.type, e.rcode) for e in recorded("dns.pcap").dns]
    expected = [
        (1, 2, "udp", "A", "NOERROR"),
        (3, 4, "udp", "AAAA", "NOERROR"),
        (5, 6, "udp", "MX", "NOERROR"),
        (7, 8, "udp", "AAAA", "NOERROR"),
        (9, 10, "udp", "A", "NXDOMAIN"),
        (14, 16, "tcp", "TXT", "NOERROR"),
        (21, 22, "udp", "A", "NOERROR"),
    ]
    assert expected == found


def test_exchanges_match_dns_answers_that_share_segments() -> None:
    """Three questions of one segment are matched to three answers by id."""
    found = [(e.question, e.answer, e.type) for e in recorded("pipeline_dns.pcap").dns]
    assert [(4, 6, "A"), (4, 8, "MX"), (4, 11, "AAAA")] == found


def test_exchanges_of_an_unanswered_dns_question_have_no_answer() -> None:
    """An ICMP error is no answer."""
    [exchange] = recorded("dns_refused.pcap").dns
    assert (1, 0, "", ()) == (exchange.question, exchange.answer, exchange.rcode, exchange.answers)


def test_exchanges_do_not_match_a_dns_answer_of_another_name() -> None:
    """An answer counts for the question that it repeats, not only for its id."""
    question, answer, *_ = recorded("dns.pcap").packets
    [message] = answer.dns
    forged = replace(answer, dns=(replace(message, name="other.example"),))
    assert 0 == facts(DecodedCapture((question, forged))).dns[0].answer


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((2,), [(0, 2)]),
        ((2, 2), [(0, 2)]),
        ((1, 2, 2), [(1, 2)]),
        ((1, 1, 2), [(1, 2)]),
        ((2, 1), [(1, 2)]),
        ((1, 2, 1), [(1, 2), (1, 0)]),
        ((1, 2, 1, 2), [(1, 2), (1, 2)]),
        ((1,), [(1, 0)]),
    ],
)
def test_exchanges_of_a_capture_with_a_part_of_dns(
    numbers: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    """An answer alone, one that comes twice or before its question, a question that is asked again."""
    packets = {packet.number: packet for packet in recorded("dns.pcap").packets}
    dns = facts(DecodedCapture(tuple(packets[number] for number in numbers))).dns
    assert expected == [(each.question, each.answer) for each in dns]
    assert {("10.77.5.1", "10.77.5.2", 53)} == {
        (each.client.address, each.server.address, each.server.port) for each in dns
    }


def test_exchanges_match_dns_names_in_mixed_case() -> None:
    """Resolvers may mix the case of a name on purpose (RFC 4343)."""
    question, answer, *_ = recorded("dns.pcap").packets
    [message] = question.dns
    mixed = replace(question, dns=(replace(message, name="ToK7f3A.LAB.example"),))
    assert 2 == facts(DecodedCapture((mixed, answer))).dns[0].answer


def test_exchanges_match_nfs_replies_to_calls() -> None:
    """A call has its reply's status, and the statuses of its operations."""
    by_call = {call.call: call for call in recorded("nfs.pcap").nfs}
    refused = by_call[110]
    assert (111, "NFS4ERR_ACCESS", ("private.txt",)) == (refused.reply, refused.status, refused.names)
    assert all(call.reply == number + 1 for number, call in by_call.items() if "NULL" not in call.operations)


def test_exchanges_match_nfs_replies_that_share_segments() -> None:
    """Calls of one segment are matched to their replies by xid."""
    found = [(call.call, call.reply, call.status) for call in recorded("pipeline_nfs.pcap").nfs]
    assert [(4, 6, "NFS4_OK"), (4, 8, "NFS4ERR_NOENT"), (4, 10, "")] == found
