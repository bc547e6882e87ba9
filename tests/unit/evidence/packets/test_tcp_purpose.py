"""The words on packets of TCP: each situation has its own sentence."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.evidence.packets import facts
from sharklab.evidence.packets.explanation import explain
from sharklab.evidence.packets.model import Facts, Packet
from sharklab.message import NN_, Message
from tests.support import packets_sample
from tests.support.capture_files import recording
from tests.support.packets_sample import packet, recorded, shown
from tests.support.sentences import sentences

CLIENT, SERVER = Message("the client"), Message("the server")
OPEN = (
    packet(">", "SYN", seq=100),
    packet("<", "SYN", "ACK", seq=500, ack=101),
    packet(">", "ACK", seq=101, ack=501),
)
ASKED = packet(">", "PSH", "ACK", seq=101, ack=501, payload=6)
CLOSE = packet(">", "FIN", "ACK", seq=101, ack=501)
SILENCE = "The capture holds no answer: the host does not exist, or a firewall drops the SYN."


def told(facts: Facts) -> list[dict[str, Mapping[str, Any]]]:
    """Return the message ids of what is said of each packet, each with its values."""
    return [sentences(each.what, each.special) for each in explain(facts)]


def test_what_of_a_refused_connection_says_who_refuses_what() -> None:
    """A RST that answers a SYN: no program listens, and its ack is the SYN's number plus one."""
    syn, answer = told(recorded("refused.pcap"))
    asks = "{who} asks for a connection to port {port} and says at which number its bytes begin."
    refuses = (
        "{who} refuses: no program listens on its port {port}, and the system says so (some "
        "firewalls answer in the same way). It answers packet {syn}: ack is its seq + 1."
    )
    assert ({"who": CLIENT, "port": 8001}, {"who": SERVER, "port": 8001, "syn": 1}) == (
        syn[asks],
        answer[refuses],
    )


def test_what_of_a_handshake_names_the_packets() -> None:
    """Each packet says which one it answers."""
    _, answer, last = told(recorded("ssh.pcap"))[:3]
    accepts = (
        "{who} accepts the connection, says at which number its own bytes begin, "
        "and acknowledges the SYN of packet {syn}."
    )
    opens = "{who} acknowledges the SYN of packet {numbers}: the connection is open (3-way handshake)."
    assert (1, [2]) == (answer[accepts]["syn"], last[opens]["numbers"])


def test_special_of_a_retransmission_names_the_first_and_the_delay() -> None:
    """The second SYN is the first one again, a second later."""
    again = "Retransmission of packet {first}, {seconds} s later: no acknowledgement had come."
    assert {"first": 1, "seconds": 1.011} == told(recorded("retried.pcap"))[1][again]


def test_special_of_a_combined_closing_says_what_it_saves() -> None:
    """FIN, then FIN with the ACK of the first, then ACK: three packets."""
    answer = packet("<", "FIN", "ACK", seq=501, ack=102)
    _, combined, last = told(shown([*OPEN, CLOSE, answer, packet(">", "ACK", seq=102, ack=502)]))[3:]
    saves = "FIN and ACK in one: it acknowledges the FIN of packet {fin} too, which saves a packet."
    over = "{who} acknowledges the FIN of packet {fin}: both sides have closed, the connection is over."
    assert (4, 5) == (combined[saves]["fin"], last[over]["fin"])


def test_what_of_data_with_a_fin_says_both() -> None:
    """PSH and FIN in one: the last bytes come with the end."""
    last = told(shown([*OPEN, packet(">", "FIN", "PSH", "ACK", seq=101, ack=501, payload=6)]))[-1]
    both = NN_(
        "{who} sends its last {count} byte and closes its side of the connection with it.",
        "{who} sends its last {count} bytes and closes its side of the connection with them.",
    )
    assert {"who": CLIENT, "count": 6} == last[both]


def test_special_of_a_reply_of_size_zero_says_so() -> None:
    """A server that takes a question and closes without a byte."""
    reply = (packet("<", "ACK", seq=501, ack=107), packet("<", "FIN", "ACK", seq=501, ack=107))
    taken, closed = told(shown([*OPEN, ASKED, *reply]))[4:]
    assert [4] == taken["{who} has received the data of packet {numbers}."]["numbers"]
    assert {"who": SERVER} == closed["Reply of size zero: {who} closes without having sent one byte."]


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        (
            [*OPEN[:2], packet(">", "RST", seq=101)],
            "{who} breaks off a half-open connection: it does not want the connection that packet "
            "{answer} accepts.",
        ),
        (
            [*OPEN, packet("<", "RST", "ACK", seq=501, ack=101)],
            "{who} aborts the connection: no FIN follows, and data on their way are lost.",
        ),
        (
            [*OPEN, CLOSE, packet(">", "RST", seq=102)],
            "{who} has closed already: no program is left to take these bytes.",
        ),
    ],
)
def test_what_of_a_reset_says_who_and_why(packets: list[Packet], expected: str) -> None:
    """The packets before it tell one reset from another."""
    who = SERVER if packets[-1].source.address == packets_sample.SERVER else CLIENT
    assert who == told(shown(packets))[-1][expected]["who"]


def test_special_of_a_syn_without_an_answer_says_so() -> None:
    """Nothing came back."""
    assert SILENCE in told(shown([OPEN[0]]))[0]
    assert SILENCE not in told(shown(OPEN))[0]


SENDS = NN_(
    "{who} sends {count} byte and asks to hand it to the program at once (PSH).",
    "{who} sends {count} bytes and asks to hand them to the program at once (PSH).",
)
SENDS_MORE = NN_(
    "{who} sends {count} byte; more are to follow at once (no PSH).",
    "{who} sends {count} bytes; more are to follow at once (no PSH).",
)


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ([OPEN[1]], "{who} accepts a connection; the SYN is not in the capture."),
        ([*OPEN, CLOSE], "{who} has nothing more to send and closes its side of the connection."),
        (
            [*OPEN, ASKED],
            SENDS,
        ),
        (
            [*OPEN, replace(ASKED, flags=("ACK",))],
            NN_(
                "{who} sends {count} byte; more are to follow at once (no PSH).",
                "{who} sends {count} bytes; more are to follow at once (no PSH).",
            ),
        ),
        ([*OPEN, OPEN[2]], "{who} acknowledges nothing new."),
        (
            [*OPEN, CLOSE, packet("<", "ACK", seq=501, ack=102)],
            "{who} acknowledges the FIN of packet {fin}; it may still send itself.",
        ),
    ],
)
def test_what_of_the_last_of_these_packets(packets: list[Packet], expected: str) -> None:
    """Each situation has one sentence."""
    assert expected in told(shown(packets))[-1]


def test_what_of_tcp_without_a_flag() -> None:
    """A header that was cut, or a scan."""
    bare = replace(packet(">"), transport="tcp")
    assert "TCP without a flag: the capture kept too little of it, or it is a scan." in told(shown([bare]))[0]


def segment(number: int, arrow: str, flags: int, seq: int, ack: int, data: bytes, window: int) -> bytes:
    """Return a pcap record of a segment between two hosts, 1 ms after the one before it."""
    ends = (bytes([10, 0, 0, 1]), 4000), (bytes([10, 0, 0, 2]), 80)
    (source, sport), (destination, dport) = ends if arrow == ">" else ends[::-1]
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, window, 0, 0) + data
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), number, 0, 64, 6, 0, source, destination)
    frame = bytes(12) + b"\x08\x00" + ip + tcp
    return struct.pack("<IIII", 1, number * 1_000, len(frame), len(frame)) + frame


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def test_special_says_what_the_analysis_of_tshark_remarks(tmp_path: Path) -> None:
    """Lost and repeated bytes, a full buffer and a keep-alive of a generated capture have their sentence."""
    segments = [
        (">", SYN, 100, 0, b"", 64),
        ("<", SYN | ACK, 500, 101, b"", 64),
        (">", ACK, 101, 501, b"", 64),
        (">", ACK, 101, 501, b"one", 64),
        (">", PSH | ACK, 107, 501, b"six", 64),  # 104-106 are missing
        ("<", ACK, 501, 104, b"", 64),
        ("<", ACK, 501, 104, b"", 64),
        (">", PSH | ACK, 113, 501, b"end", 64),
        (">", PSH | ACK, 104, 501, b"two", 64),
        ("<", ACK, 501, 110, b"", 0),
        ("<", ACK, 501, 110, b"", 64),
        (">", ACK, 115, 501, b"", 64),
    ]
    file = tmp_path / "made.pcap"
    records = b"".join(segment(number, *each) for number, each in enumerate(segments, 1))
    file.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records)
    found = told(facts(recording(file)))
    expected = {
        5: "The data just before it are missing: they were lost, or not captured.",
        7: "Duplicate acknowledgement: other data came, and {who} repeats the number that it waits for.",
        9: "Out of order: its bytes come before bytes that arrived earlier.",
        10: "Window 0: {who} has no room left, the other side has to wait.",
        11: "Window update: {who} has more room again.",
        12: "Keep-alive: an old number, so that the other side has to say that it is still there.",
    }
    assert {} == {number: text for number, text in expected.items() if text not in found[number - 1]}
