"""What recorded captures show: conversations, handshakes, closings, exchanges, names of packets."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from sharklab.evidence.packets import facts, name_packet
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.model import Conversation, Dns, Endpoint, Facts, Packet, Recording
from sharklab.message import Message
from tests.support.capture_files import recording

DATA = Path(__file__).parents[3] / "data"


@cache
def shown(name: str) -> Facts:
    """Return the facts of the recorded capture `name`."""
    return facts(recording(DATA / name))


def only(name: str) -> Conversation:
    """Return the one conversation of the recorded capture `name`."""
    [conversation] = shown(name).conversations
    return conversation


def without(name: str, *numbers: int) -> Facts:
    """Return the facts of a capture in which those packets were not captured."""
    return facts(Recording(tuple(p for p in shown(name).packets if p.number not in numbers)))


@pytest.mark.parametrize(
    ("name", "handshake", "closing"),
    [
        ("ssh.pcap", (1, 2, 3), (44, 45, 46)),
        ("ssh6.pcap", (1, 2, 3), (39, 40, 41)),
        ("halfclose.pcap", (1, 2, 3), (6, 7, 10, 11)),
        ("retried.pcap", (1, 3, 4), (7, 8, 11, 12)),
    ],
)
def test_facts_of_a_whole_connection(name: str, handshake: tuple[int, ...], closing: tuple[int, ...]) -> None:
    """Handshake and closing are found, in three packets or four, also after a SYN sent again."""
    talk = only(name)
    assert (handshake, closing, "fin") == (talk.handshake, talk.closing, talk.closed_by)


def test_facts_of_a_reused_5_tuple_are_two_conversations() -> None:
    """A new SYN on the same ports begins another connection."""
    first, second = shown("reuse.pcap").conversations
    assert (tuple(range(1, 11)), tuple(range(11, 21))) == (first.packets, second.packets)
    assert (first.client, first.server) == (second.client, second.server)


def test_facts_of_a_reset_connection_name_who_reset_it() -> None:
    """A connection that a RST ends has a handshake, but no FIN."""
    [first, _] = shown("reset.pcap").conversations
    assert ((1, 2, 3), (8,), "rst", "server", ()) == (
        first.handshake,
        first.closing,
        first.closed_by,
        first.reset_by,
        first.fins,
    )


def test_facts_of_a_refused_connection_have_no_handshake() -> None:
    """The RST that answers a SYN is the server's."""
    talk = only("refused.pcap")
    assert ((), (2,), "server") == (talk.handshake, talk.resets, talk.reset_by)


def test_facts_of_a_rejected_connection_have_its_icmp_errors() -> None:
    """ICMP errors belong to the conversation that they refuse, over IPv4 and IPv6."""
    found = [(talk.client.address, talk.icmp_errors) for talk in shown("reject.pcap").conversations]
    assert [("10.77.5.1", (2,)), ("fd77:5::1", (4, 6))] == found


def test_facts_of_a_dropped_connection_keep_repeated_syns_together() -> None:
    """A SYN sent four times is one conversation that nobody answered."""
    talk = shown("drop.pcap").conversations[0]
    assert ((1, 2, 3, 8), (), "") == (talk.packets, talk.handshake, talk.closed_by)


def test_facts_count_bytes_each_way() -> None:
    """The bytes of a whole connection are what the sequence numbers span, less SYN and FIN."""
    talk = only("ssh.pcap")
    numbers: dict[Endpoint, list[int]] = {}
    for packet in shown("ssh.pcap").packets:
        if "SYN" in packet.flags or "FIN" in packet.flags:
            numbers.setdefault(packet.source, []).append(packet.seq)
    spans = [numbers[end][1] - numbers[end][0] - 1 for end in (talk.client, talk.server)]
    assert spans == [talk.client_bytes, talk.server_bytes]


def test_facts_count_a_repeated_segment_once() -> None:
    """A retransmission is a packet with data, but no new data."""
    packets = shown("reuse.pcap").packets
    again = replace(packets[3], number=21)
    talk = facts(Recording((*packets[:10], again))).conversations[0]
    assert ((4, 6, 21), 14) == (talk.data_packets, talk.client_bytes)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_facts_without_a_packet_of_the_handshake_have_none(number: int) -> None:
    """Two packets of three are no handshake: nothing is guessed."""
    lost = without("halfclose.pcap", number, 4) if number == 3 else without("halfclose.pcap", number)
    assert () == lost.conversations[0].handshake


def test_facts_of_a_handshake_whose_numbers_do_not_continue_have_none() -> None:
    """A SYN/ACK that acknowledges something else does not answer the SYN."""
    syn, answer, *rest = shown("halfclose.pcap").packets
    odd = replace(answer, ack=answer.ack + 1)
    assert () == facts(Recording((syn, odd, *rest))).conversations[0].handshake


def test_facts_of_an_ack_that_does_not_continue_the_answer_are_no_handshake() -> None:
    """The client's ACK must acknowledge the server's SYN, in each of its packets."""
    packets = shown("halfclose.pcap").packets
    client = packets[0].source
    odd = tuple(replace(p, ack=p.ack + 9) if p.source == client and p.ack else p for p in packets)
    assert () == facts(Recording(odd)).conversations[0].handshake


def test_facts_of_a_handshake_across_the_end_of_the_numbers() -> None:
    """Sequence numbers start again after 2**32 - 1 (RFC 9293)."""
    shift = (1 << 32) - 1 - shown("halfclose.pcap").packets[0].seq
    client = shown("halfclose.pcap").packets[0].source
    moved = tuple(
        replace(p, seq=(p.seq + shift) % (1 << 32))
        if p.source == client
        else replace(p, ack=(p.ack + shift) % (1 << 32))
        for p in shown("halfclose.pcap").packets
    )
    talk = facts(Recording(moved)).conversations[0]
    assert ((1, 2, 3), (6, 7, 10, 11), 3) == (talk.handshake, talk.closing, talk.client_bytes)
    assert "PSH, ACK 1-3 (3 B)" == name_packet(moved[3], talk).text


@pytest.mark.parametrize("number", [6, 7, 10, 11])
def test_facts_without_a_packet_of_the_closing_are_not_closed(number: int) -> None:
    """Both FIN and both acknowledgements are needed."""
    lost = without("halfclose.pcap", number, 8, 9) if number == 7 else without("halfclose.pcap", number)
    closed_by = lost.conversations[0].closed_by
    # Without packet 7 the server's next packet still acknowledges the client's FIN.
    assert ("fin" if number == 7 else "") == closed_by


def test_facts_of_a_capture_begun_late_know_the_client_by_the_syn_ack() -> None:
    """Who sends SYN/ACK is the server, though it is the first to be seen."""
    talk = without("ssh.pcap", 1).conversations[0]
    assert Endpoint("10.77.5.1", 34898) == talk.client


def test_facts_match_dns_answers_to_questions() -> None:
    """Each question has its answer, over UDP, TCP, IPv4 and IPv6; the type of failure is named."""
    found = [(e.question, e.answer, e.transport, e.type, e.rcode) for e in shown("dns.pcap").dns]
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


def test_facts_match_dns_answers_that_share_segments() -> None:
    """Three questions of one segment are matched to three answers by id."""
    found = [(e.question, e.answer, e.type) for e in shown("pipeline_dns.pcap").dns]
    assert [(4, 6, "A"), (4, 8, "MX"), (4, 11, "AAAA")] == found


def test_facts_of_an_unanswered_dns_question_have_no_answer() -> None:
    """An ICMP error is no answer."""
    [exchange] = shown("dns_refused.pcap").dns
    assert (1, 0, "", ()) == (exchange.question, exchange.answer, exchange.rcode, exchange.answers)


def test_facts_do_not_match_a_dns_answer_of_another_name() -> None:
    """An answer counts for the question that it repeats, not only for its id."""
    question, answer, *_ = shown("dns.pcap").packets
    [message] = answer.dns
    forged = replace(answer, dns=(replace(message, name="other.example"),))
    assert 0 == facts(Recording((question, forged))).dns[0].answer


def test_facts_match_dns_names_in_mixed_case() -> None:
    """Resolvers may mix the case of a name on purpose (RFC 4343)."""
    question, answer, *_ = shown("dns.pcap").packets
    [message] = question.dns
    mixed = replace(question, dns=(replace(message, name="ToK7f3A.LAB.example"),))
    assert 2 == facts(Recording((mixed, answer))).dns[0].answer


def test_facts_match_nfs_replies_to_calls() -> None:
    """A call has its reply's status, and the statuses of its operations."""
    by_call = {call.call: call for call in shown("nfs.pcap").nfs}
    refused = by_call[110]
    assert (111, "NFS4ERR_ACCESS", ("private.txt",)) == (refused.reply, refused.status, refused.names)
    assert all(call.reply == number + 1 for number, call in by_call.items() if "NULL" not in call.operations)


def test_facts_match_nfs_replies_that_share_segments() -> None:
    """Calls of one segment are matched to their replies by xid."""
    found = [(call.call, call.reply, call.status) for call in shown("pipeline_nfs.pcap").nfs]
    assert [(4, 6, "NFS4_OK"), (4, 8, "NFS4ERR_NOENT"), (4, 10, "")] == found


def test_facts_tell_truncated_packets() -> None:
    """Every packet of the small snapshot is truncated, and has no handshake to show."""
    short = shown("short.pcap")
    assert tuple(range(1, 42)) == short.truncated
    assert () == only("short.pcap").handshake


def test_facts_of_no_packets_are_empty() -> None:
    """A recording that could not be read keeps its problem."""
    assert Facts(problem=Message("gone")) == facts(Recording((), problem=Message("gone")))


def test_search_finds_packets_by_their_bytes() -> None:
    """The token is found where tshark shows a name with it, in any case; not in the other direction."""
    named = [p.number for p in shown("dns.pcap").packets if any("tok7f3a" in m.name for m in p.dns)]
    assert tuple(named) == open_capture(DATA / "dns.pcap").search("TOK7F3A")
    assert () == open_capture(DATA / "dns.pcap").search("tok7f3b")


def test_search_for_nothing_finds_nothing() -> None:
    """An empty token is in no packet."""
    assert () == open_capture(DATA / "dns.pcap").search("")


@pytest.mark.parametrize(
    ("name", "number", "text", "phase"),
    [
        ("halfclose.pcap", 1, "SYN", "handshake"),
        ("halfclose.pcap", 2, "SYN, ACK", "handshake"),
        ("halfclose.pcap", 3, "ACK", "handshake"),
        ("halfclose.pcap", 4, "PSH, ACK 1-3 (3 B)", "data"),
        ("halfclose.pcap", 6, "FIN, ACK", "closing"),
        ("refused.pcap", 2, "RST, ACK", "closing"),
        ("dns.pcap", 5, "DNS MX? tok7f3a.lab.example", "data"),
        ("dns.pcap", 6, "DNS answer MX 10 mail.tok7f3a.lab.example", "data"),
        ("dns.pcap", 10, "DNS answer A NXDOMAIN", "data"),
        ("nfs.pcap", 12, "NFS LOOKUP (srv, share-tok7f3a)", "data"),
        ("nfs.pcap", 30, "NFS OPEN (readme.txt)", "data"),
        ("nfs.pcap", 95, "NFS reply NFS4ERR_ACCESS", "data"),
        ("nfs.pcap", 4, "NFS NULL", "data"),
        ("ntp.pcapng", 1, "NTP (48 B)", "data"),
        ("icmp.pcap", 1, "Who has 10.77.5.2? Tell 10.77.5.1", "data"),
    ],
)
def test_name_packet_is_short(name: str, number: int, text: str, phase: str) -> None:
    """A ladder's row says what the packet does."""
    packet = shown(name).packet(number)
    talk = next((talk for talk in shown(name).conversations if number in talk.packets), None)
    label = name_packet(packet, talk)
    assert (text, phase) == (label.text, label.phase)


def test_name_packet_joins_several_messages() -> None:
    """Each message of a segment is named."""
    packet = Packet(1, 0.0, 60, 60, "DNS", "", "udp", Endpoint("a", 1), Endpoint("b", 53))
    asked = Dns(1, False, "x.example", "A", "", ())
    both = replace(packet, dns=(asked, replace(asked, type="AAAA")))
    assert "DNS A? x.example; DNS AAAA? x.example" == name_packet(both).text
