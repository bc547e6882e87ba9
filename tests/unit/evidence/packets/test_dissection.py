"""Packets made of the values that tshark prints of one frame."""

from __future__ import annotations

from sharklab.evidence.packets import dissection
from sharklab.evidence.packets.model import NOWHERE, Endpoint, Flow, Icmp, Packet
from tests.support.packets_sample import recorded


def packets(name: str) -> tuple[Packet, ...]:
    """Return the packets of the recorded capture `name`."""
    return recorded(name).packets


def test_packet_keeps_absolute_numbers_of_tcp() -> None:
    """Sequence numbers are those of the wire, while the info column stays as Wireshark shows it."""
    syn, answer = packets("refused.pcap")
    assert answer.ack == syn.seq + 1
    assert "Seq=0" in syn.info


def test_packet_tells_what_an_icmp_error_is_about() -> None:
    """The packet that an ICMP error quotes is not taken for the packet itself."""
    [_, error] = packets("udp_reject.pcap")
    about = Flow("udp", Endpoint("10.77.5.1", 57166), Endpoint("10.77.5.2", 8004))
    assert ("icmp", Icmp(3, 3, about)) == (error.transport, error.icmp)
    assert Endpoint("10.77.5.2", 0) == error.source


def test_packet_of_a_header_that_is_cut_short_has_what_is_there() -> None:
    """Of a malformed packet tshark gives some fields, or words where bytes were: none of it breaks us."""
    layers = {"frame.protocols": ["raw:ipv6:tcp"], "frame.number": ["7"], "ipv6.src": ["fd00::1"]}
    packet = dissection.packet({**layers, "tcp.options": ["<MISSING>"], "tcp.flags": ["0x0002"]})
    assert (7, 0.0, NOWHERE, (), ("SYN",)) == (
        packet.number,
        packet.time,
        packet.source,
        packet.options,
        packet.flags,
    )
