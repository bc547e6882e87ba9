"""Conversations of a capture: which packets belong together, and who began."""

from __future__ import annotations

from sharklab.evidence.packets.model import Endpoint
from tests.support.packets_sample import left, recorded


def test_conversations_of_a_reused_5_tuple_are_two_conversations() -> None:
    """A new SYN on the same ports begins another connection."""
    first, second = recorded("reuse.pcap").conversations
    assert (tuple(range(1, 11)), tuple(range(11, 21))) == (first.packets, second.packets)
    assert (first.client, first.server) == (second.client, second.server)


def test_conversations_of_a_reset_connection_name_who_reset_it() -> None:
    """A connection that a RST ends has a handshake, but no FIN."""
    [first, _] = recorded("reset.pcap").conversations
    assert ((1, 2, 3), (8,), "rst", "server", ()) == (
        first.handshake,
        first.closing,
        first.closed_by,
        first.reset_by,
        first.fins,
    )


def test_conversations_of_a_rejected_connection_have_its_icmp_errors() -> None:
    """ICMP errors belong to the conversation that they refuse, over IPv4 and IPv6."""
    found = [(talk.client.address, talk.icmp_errors) for talk in recorded("reject.pcap").conversations]
    assert [("10.77.5.1", (2,)), ("fd77:5::1", (4, 6))] == found


def test_conversations_of_a_dropped_connection_keep_repeated_syns_together() -> None:
    """A SYN sent four times is one conversation that nobody answered."""
    talk = recorded("drop.pcap").conversations[0]
    assert ((1, 2, 3, 8), (), "") == (talk.packets, talk.handshake, talk.closed_by)


def test_conversations_of_a_capture_begun_late_know_the_client_by_the_syn_ack() -> None:
    """Who sends SYN/ACK is the server, though it is the first to be seen."""
    talk = left("ssh.pcap", 1).conversations[0]
    assert Endpoint("10.77.5.1", 34898) == talk.client
