"""The contents of a packet tell whether a client or a server sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sharklab.evidence.packets.model import Role
from sharklab.evidence.packets.packet_roles import role
from tests.support.capture_files import recording
from tests.support.packets_made import ACK, PSH, Tcp, Way, icmp, pcap, udp

WAY = Way("10.98.1.1", "10.98.1.2")
NAME = b"\x07example\x00\x00\x01\x00\x01"


def _rpc(kind: int) -> bytes:
    """Return an NFS call or reply of the NULL procedure, with its record mark (RFC 5531)."""
    call = bytes.fromhex("00000002 000186a3 00000004 00000000") + bytes(16)
    body = b"\x00\x00\x12\x34" + kind.to_bytes(4, "big") + (bytes(20) if kind else call)
    return (0x80000000 | len(body)).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("layers", "side"),
    [
        ({"tls.handshake.type": ["1"]}, Role.CLIENT),
        ({"tls.handshake.type": ["2", "11", "14"]}, Role.SERVER),
        ({"tls.handshake.type": ["11"]}, Role.OPEN),
        ({"dns.flags.response": ["False"]}, Role.CLIENT),
        ({"dns.flags.response": ["1"]}, Role.SERVER),
        ({"dns.flags.response": ["0", "1"]}, Role.OPEN),
        ({"ntp.flags.mode": ["3"]}, Role.CLIENT),
        ({"http.request.method": ["GET"]}, Role.CLIENT),
        ({"http.response.code": ["200"]}, Role.SERVER),
        ({"rpc.msgtyp": ["0"], "rpc.program": ["100003"]}, Role.CLIENT),
        ({"rpc.msgtyp": ["1"]}, Role.SERVER),
        ({"rpc.msgtyp": ["0"], "rpc.program": ["1073741824"]}, Role.OPEN),
        ({"ssh.message_code": ["30"]}, Role.CLIENT),
        ({"smb2.flags.response": ["True"]}, Role.SERVER),
        ({}, Role.OPEN),
    ],
)
def test_role_is_of_messages_that_one_side_alone_sends(
    layers: Mapping[str, Sequence[str]], side: Role
) -> None:
    """What both sides send, and messages that contradict each other, tell nothing."""
    assert side is role(layers)


def test_read_packets_have_the_role_of_their_sender(tmp_path: Path) -> None:
    """tshark finds the messages; an ICMP error is not the sender of the packet that it quotes."""
    question, hello = (
        bytes.fromhex("1234 0100 0001 0000 0000 0000") + NAME,
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    )
    web, nfs = Tcp(WAY, 50000, 80), Tcp(WAY, 760, 2049)
    asked = WAY.ip(17, udp(50000, 53, question))
    packets = [
        (asked, Role.CLIENT),
        (WAY.ip(17, udp(123, 123, bytes([0x23]) + bytes(47))), Role.CLIENT),
        (WAY.back.ip(17, udp(123, 123, bytes([0x24]) + bytes(47))), Role.SERVER),
        (web.client(PSH | ACK, 1, 1, hello), Role.CLIENT),
        (web.server(PSH | ACK, 1, 1, b"HTTP/1.1 204 No Content\r\n\r\n"), Role.SERVER),
        (nfs.client(PSH | ACK, 1, 1, _rpc(0)), Role.CLIENT),
        (nfs.server(PSH | ACK, 1, 45, _rpc(1)), Role.SERVER),
        (WAY.back.ip(1, icmp(3, 3, asked)), Role.OPEN),
        (WAY.ip(1, icmp(8, 0, b"ping")), Role.CLIENT),
        (web.client(ACK, 1, 1), Role.OPEN),
    ]
    file = pcap(tmp_path / "made.pcap", 101, [packet for packet, _ in packets], "<", 1000)
    assert [side for _, side in packets] == [packet.role for packet in recording(file).packets]
