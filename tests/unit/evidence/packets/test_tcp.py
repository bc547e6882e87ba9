"""Handshakes, closings and bytes of TCP connections, as recorded and with packets missing or changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.evidence.packets import facts, name_packet
from sharklab.evidence.packets.model import DecodedCapture, Endpoint
from tests.support.packets_sample import left, only, recorded


@pytest.mark.parametrize(
    ("name", "handshake", "closing"),
    [
        ("ssh.pcap", (1, 2, 3), (44, 45, 46)),
        ("ssh6.pcap", (1, 2, 3), (39, 40, 41)),
        ("halfclose.pcap", (1, 2, 3), (6, 7, 10, 11)),
        ("retried.pcap", (1, 3, 4), (7, 8, 11, 12)),
    ],
)
def test_tcp_of_a_whole_connection(name: str, handshake: tuple[int, ...], closing: tuple[int, ...]) -> None:
    """Handshake and closing are found, in three packets or four, also after a SYN sent again."""
    talk = only(name)
    assert (handshake, closing, "fin") == (talk.handshake, talk.closing, talk.closed_by)


def test_tcp_of_a_refused_connection_have_no_handshake() -> None:
    """The RST that answers a SYN is the server's."""
    talk = only("refused.pcap")
    assert ((), (2,), "server") == (talk.handshake, talk.resets, talk.reset_by)


def test_tcp_count_bytes_each_way() -> None:
    """The bytes of a whole connection are what the sequence numbers span, less SYN and FIN."""
    talk = only("ssh.pcap")
    numbers: dict[Endpoint, list[int]] = {}
    for packet in recorded("ssh.pcap").packets:
        if "SYN" in packet.flags or "FIN" in packet.flags:
            numbers.setdefault(packet.source, []).append(packet.seq)
    spans = [numbers[end][1] - numbers[end][0] - 1 for end in (talk.client, talk.server)]
    assert spans == [talk.client_bytes, talk.server_bytes]


def test_tcp_count_a_repeated_segment_once() -> None:
    """A retransmission is a packet with data, but no new data."""
    packets = recorded("reuse.pcap").packets
    again = replace(packets[3], number=21, time=packets[9].time)
    talk = facts(DecodedCapture((*packets[:10], again))).conversations[0]
    assert ((4, 6, 21), 14) == (talk.data_packets, talk.client_bytes)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_tcp_without_a_packet_of_the_handshake_have_none(number: int) -> None:
    """Two packets of three are no handshake: nothing is guessed."""
    lost = left("halfclose.pcap", number, 4) if number == 3 else left("halfclose.pcap", number)
    assert () == lost.conversations[0].handshake


def test_tcp_of_a_handshake_whose_numbers_do_not_continue_have_none() -> None:
    """A SYN/ACK that acknowledges something else does not answer the SYN."""
    syn, answer, *rest = recorded("halfclose.pcap").packets
    odd = replace(answer, ack=answer.ack + 1)
    assert () == facts(DecodedCapture((syn, odd, *rest))).conversations[0].handshake


def test_tcp_of_an_ack_that_does_not_continue_the_answer_are_no_handshake() -> None:
    """The client's ACK must acknowledge the server's SYN, in each of its packets."""
    packets = recorded("halfclose.pcap").packets
    client = packets[0].source
    odd = tuple(replace(p, ack=p.ack + 9) if p.source == client and p.ack else p for p in packets)
    assert () == facts(DecodedCapture(odd)).conversations[0].handshake


def test_tcp_of_a_handshake_across_the_end_of_the_numbers() -> None:
    """Sequence numbers start again after 2**32 - 1 (RFC 9293)."""
    shift = (1 << 32) - 1 - recorded("halfclose.pcap").packets[0].seq
    client = recorded("halfclose.pcap").packets[0].source
    moved = tuple(
        replace(p, seq=(p.seq + shift) % (1 << 32))
        if p.source == client
        else replace(p, ack=(p.ack + shift) % (1 << 32))
        for p in recorded("halfclose.pcap").packets
    )
    talk = facts(DecodedCapture(moved)).conversations[0]
    assert ((1, 2, 3), (6, 7, 10, 11), 3) == (talk.handshake, talk.closing, talk.client_bytes)
    assert "PSH, ACK 1-3 (3 B)" == name_packet(moved[3], talk).text


@pytest.mark.parametrize("number", [6, 7, 10, 11])
def test_tcp_without_a_packet_of_the_closing_are_not_closed(number: int) -> None:
    """Both FIN and both acknowledgements are needed."""
    lost = left("halfclose.pcap", number, 8, 9) if number == 7 else left("halfclose.pcap", number)
    closed_by = lost.conversations[0].closed_by
    # Without packet 7 the server's next packet still acknowledges the client's FIN.
    assert ("fin" if number == 7 else "") == closed_by
