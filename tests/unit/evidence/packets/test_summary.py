"""A conversation in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.evidence.packets import facts
from sharklab.evidence.packets.model import Dns, Facts, Packet
from sharklab.evidence.packets.summary import summary
from sharklab.message import NN_
from tests.support.capture_files import recording
from tests.support.packets_sample import error, packet, shown

DATA = Path(__file__).parents[3] / "data"
OPEN = (
    packet(">", "SYN", seq=100),
    packet("<", "SYN", "ACK", seq=500, ack=101),
    packet(">", "ACK", seq=101, ack=501),
)
ASKED = packet(">", "PSH", "ACK", seq=101, ack=501, payload=6)
END = (
    packet(">", "FIN", "ACK", seq=101, ack=501),
    packet("<", "FIN", "ACK", seq=501, ack=102),
    packet(">", "ACK", seq=102, ack=502),
)
DATAGRAM = packet(">", payload=5)
ANSWER = packet("<", payload=7)


def parts(seen: Facts, index: int = 0) -> list[str]:
    """Return the msgids of the summary of a conversation."""
    return [part.msgid for part in summary(seen.conversations[index], seen).values["parts"]]


BYTES = NN_("{count} byte there and {received} back", "{count} bytes there and {received} back")


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ([*OPEN, *END], ["handshake", "closed by FIN on both sides"]),
        ([*OPEN, ASKED], ["handshake", BYTES, "no end in the capture"]),
        ([*OPEN, END[0]], ["handshake", "FIN of one side only"]),
        ([*OPEN, packet("<", "RST", seq=501)], ["handshake", "ended by a reset of the server"]),
        ([*OPEN, packet(">", "RST", seq=101)], ["handshake", "ended by a reset of the client"]),
        (
            [ASKED],
            [
                "no whole handshake in the capture",
                BYTES,
                "no end in the capture",
            ],
        ),
        ([OPEN[0], packet("<", "RST", "ACK", ack=101)], ["refused by a reset, RST (packet {packet})"]),
        ([OPEN[0], error(OPEN[0])], ["refused by ICMP (packet {packet})"]),
        ([OPEN[0], OPEN[0]], ["no answer to the SYN"]),
        (OPEN[:2], ["no connection: a part of the handshake is missing"]),
        (END, ["only the end is in the capture"]),
        ([DATAGRAM, ANSWER], [BYTES]),
        ([DATAGRAM], ["one direction only", BYTES]),
        (
            [DATAGRAM, error(DATAGRAM)],
            ["refused by ICMP (packet {packet})", BYTES],
        ),
        (
            [packet(">", payload=5, ends=("10.77.5.1", "239.255.255.250"))],
            ["sent to many hosts", BYTES],
        ),
    ],
)
def test_summary_names_opening_data_and_end(packets: Sequence[Packet], expected: list[str]) -> None:
    """Each kind of beginning and of end has its words."""
    assert expected == parts(shown(packets))


def test_summary_names_servers_and_questions() -> None:
    """The name of a ClientHello, and the first questions of DNS."""
    seen = facts(recording(DATA / "tls_quic.pcap"))
    assert [["quic.example"], ["tls.example"]] == [
        part.values["names"]
        for talk in seen.conversations
        for part in summary(talk, seen).values["parts"]
        if "names" in part.values
    ]
    asked = [replace(DATAGRAM, dns=(Dns(n, False, f"{n}.example", "A", "", ()),)) for n in range(5)]
    dns = shown(asked)
    [*_, names] = summary(dns.conversations[0], dns).values["parts"]
    assert ["0.example (A)", "1.example (A)", "2.example (A)", "…"] == names.values["names"]
