"""Explanations come from the packets: recorded captures with tshark as witness, and packets made by hand."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pytest

from sharklab.evidence.packets import facts
from sharklab.evidence.packets.annotation import annotate
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.explanation import Explanation, explain
from sharklab.evidence.packets.model import Dns, Facts, Option
from sharklab.evidence.packets.options import options
from tests.support.capture_files import recording
from tests.support.packets_sample import error, packet, shown

DATA = Path(__file__).parents[3] / "data"
RECORDED = sorted(file.name for file in DATA.glob("*.pcap*"))


def recorded(name: str) -> Facts:
    """Return the facts of a recorded capture."""
    return facts(recording(DATA / name))


def words(told: Iterable[Explanation]) -> list[str]:
    """Return what is said of each packet, and what is special about it."""
    return [" ".join(map(str, (each.what, *each.special))) for each in told]


def witness(name: str, *fields: str) -> list[list[str]]:
    """Return the values that tshark prints of each packet."""
    argv = ["tshark", "-n", "-r", str(DATA / name), "-T", "fields"]
    argv += [part for field in fields for part in ("-e", field)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", RECORDED)
def test_explain_says_something_of_each_packet(name: str) -> None:
    """No packet of a recorded capture is left without words, and all can be said."""
    shown = recorded(name)
    told = explain(shown)
    assert [each.packet for each in told] == list(shown.packets)[:400]
    assert all(str(message) for each in told for message in (each.what, *each.numbers, *each.options))


@pytest.mark.parametrize("name", ["ssh.pcap", "ssh6.pcap", "halfclose.pcap", "retried.pcap", "reset.pcap"])
def test_explain_counts_as_tshark_does(name: str) -> None:
    """Relative and next numbers and scaled windows are those that tshark shows."""
    rows = witness(
        name, "tcp.seq", "tcp.seq_raw", "tcp.nxtseq", "tcp.ack", "tcp.window_size", "tcp.flags.ack"
    )
    for row, told in zip_longest(rows, explain(recorded(name))[: len(rows)]):
        seq, raw, following, ack, window, has_ack = row
        said = "; ".join(map(str, told.numbers))
        assert f"seq {seq} ({raw})" in said
        assert f"next {seq} + " not in said or f"= {following}" in said
        assert has_ack in ("0", "False") or f"ack {ack} (" in said
        assert f" {window} bytes" in said


def test_explain_of_a_refused_connection_says_who_refuses_what() -> None:
    """A RST that answers a SYN: no program listens, and its ack is the SYN's number plus one."""
    syn, answer = explain(recorded("refused.pcap"))
    assert str(syn.what).startswith("SYN: the client asks for a connection to port 8001")
    assert "RST, ACK: the server refuses: no program listens on its port 8001" in str(answer.what)
    assert "It answers packet 1: ack is its seq + 1." in str(answer.what)
    assert "seq 0: a host that refuses has no numbers of its own" == str(answer.numbers[0])


def test_explain_of_a_handshake_names_the_packets() -> None:
    """Each packet says which one it answers."""
    told = words(explain(recorded("ssh.pcap")))[:3]
    assert "and acknowledges the SYN of packet 1." in told[1]
    assert told[2] == (
        "ACK: the client acknowledges the SYN of packet 2: the connection is open (3-way handshake)."
    )


def test_explain_of_a_retransmission_names_the_first_and_the_delay() -> None:
    """The second SYN is the first one again, a second later."""
    assert words(explain(recorded("retried.pcap")))[1].endswith(
        "Retransmission of packet 1, 1.011 s later: no acknowledgement had come."
    )


def test_explain_gives_options_in_the_order_of_the_header() -> None:
    """Another order of the same options is told in that order."""
    linux, other = options("020405b40402080a000000010000000201030307"), options("020405b40103030701010402")
    syns = [packet(">", "SYN", seq=9, options=linux), packet("<", "SYN", "ACK", ack=10, options=other)]
    first, second = explain(shown(syns))
    assert [
        "MSS 1460: the largest segment that it takes",
        "SACK permitted",
        "timestamps 1, echo 2",
        "NOP (fills up)",
        "window scale 7: its windows count × 128",
    ] == list(map(str, first.options))
    assert ["MSS 1460", "NOP (fil", "window s", "NOP (fil", "NOP (fil", "SACK per"] == [
        str(option)[:8] for option in second.options
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", ()),
        ("0101050a0000000100000005", (Option(1), Option(1), Option(5, (1, 5)))),
        ("1e0401ff", (Option(30),)),
        ("0204", ()),
        ("0100", (Option(1), Option(0))),
        ("0101ff01", (Option(1), Option(1))),
        ("02:04:05:b4", (Option(2, (1460,)),)),
    ],
)
def test_options_takes_no_length_on_trust(raw: str, expected: tuple[Option, ...]) -> None:
    """Unknown options are passed over by their length; one that cannot be ends the list."""
    assert expected == options(raw)


OPEN = (
    packet(">", "SYN", seq=100),
    packet("<", "SYN", "ACK", seq=500, ack=101),
    packet(">", "ACK", seq=101, ack=501),
)
ASKED = packet(">", "PSH", "ACK", seq=101, ack=501, payload=6)


def test_explain_of_a_combined_closing_says_what_it_saves() -> None:
    """FIN, then FIN with the ACK of the first, then ACK: three packets."""
    closing = (
        packet(">", "FIN", "ACK", seq=101, ack=501),
        packet("<", "FIN", "ACK", seq=501, ack=102),
        packet(">", "ACK", seq=102, ack=502),
    )
    _, combined, last = words(explain(shown([*OPEN, *closing])))[3:]
    assert "it acknowledges the FIN of packet 4 too, which saves a packet." in combined
    assert "acknowledges the FIN of packet 5: both sides have closed" in last


def test_explain_of_data_with_a_fin_counts_both() -> None:
    """PSH and FIN in one: the bytes and one for the FIN."""
    last = explain(shown([*OPEN, packet(">", "FIN", "PSH", "ACK", seq=101, ack=501, payload=6)]))[-1]
    assert "sends its last 6 bytes and closes its side of the connection with them." in str(last.what)
    assert "length 6, FIN counts 1: next 1 + 6 + 1 = 8" in map(str, last.numbers)


def test_explain_of_a_reply_of_size_zero_says_so() -> None:
    """A server that takes a question and closes without a byte."""
    reply = (
        packet("<", "ACK", seq=501, ack=107),
        packet("<", "FIN", "ACK", seq=501, ack=107),
    )
    taken, closed = words(explain(shown([*OPEN, ASKED, *reply])))[4:]
    assert "the server has received the data of packet 4." in taken
    assert "Reply of size zero: the server closes without having sent one byte." in closed


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ([*OPEN[:2], packet(">", "RST", seq=101)], "breaks off a half-open connection: it does not want"),
        ([*OPEN, packet("<", "RST", "ACK", seq=501, ack=101)], "the server aborts the connection"),
        (
            [*OPEN, packet(">", "FIN", "ACK", seq=101, ack=501), packet(">", "RST", seq=102)],
            "the client has closed already: no program is left",
        ),
    ],
)
def test_explain_of_a_reset_says_who_and_why(packets: list[object], expected: str) -> None:
    """What was sent before tells one reset from another."""
    assert expected in words(explain(shown(packets)))[-1]  # type: ignore[arg-type]


def test_explain_of_a_syn_without_an_answer_says_so() -> None:
    """Nothing came back."""
    assert "The capture holds no answer" in words(explain(shown([OPEN[0]])))[0]
    assert "No answer" not in words(explain(shown(OPEN)))[0]


def test_explain_names_the_packet_that_an_icmp_error_refuses() -> None:
    """The error tells its code in words, and which packet it is about."""
    datagram = packet(">", payload=5)
    told = words(explain(shown([datagram, error(datagram)])))
    assert told == [
        "UDP: 5 bytes to port 60000, without connection, numbers or acknowledgement.",
        "ICMP 3/3, port unreachable: 10.77.5.2 refuses packet 1, to UDP port 60000.",
    ]


def test_explain_speaks_of_arp_and_dns_in_a_sentence() -> None:
    """What is not TCP has a sentence and no numbers."""
    asked = words(explain(recorded("icmp.pcap")))[:2]
    assert asked == [
        "ARP question: 10.77.5.1 asks all hosts who has 10.77.5.2.",
        "ARP answer: 10.77.5.2 gives its MAC address to 10.77.5.1.",
    ]
    question, answer = Dns(1, False, "a.test", "A", "", ()), Dns(1, True, "a.test", "A", "NXDOMAIN", ())
    pair = [replace(packet(">"), dns=(question,)), replace(packet("<"), dns=(answer,))]
    assert words(explain(shown(pair))) == [
        "DNS question: which A has a.test?",
        "DNS answer: no A of a.test (NXDOMAIN).",
    ]


def test_explain_says_what_a_small_snapshot_lost() -> None:
    """A packet that was kept in part says how much of it there is."""
    told = words(explain(recorded("short.pcap")))
    assert all("The capture kept 40 of its" in said for said in told)


def segment(number: int, arrow: str, flags: int, seq: int, ack: int, data: bytes, window: int) -> bytes:
    """Return a pcap record of a segment between two hosts, 1 ms after the one before it."""
    ends = (bytes([10, 0, 0, 1]), 4000), (bytes([10, 0, 0, 2]), 80)
    (source, sport), (destination, dport) = ends if arrow == ">" else ends[::-1]
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, window, 0, 0) + data
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), number, 0, 64, 6, 0, source, destination)
    frame = bytes(12) + b"\x08\x00" + ip + tcp
    return struct.pack("<IIII", 1, number * 1_000, len(frame), len(frame)) + frame


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def test_explain_says_what_the_analysis_of_tshark_remarks(tmp_path: Path) -> None:
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
    told = words(explain(facts(recording(file))))
    expected = {
        5: "The data just before it are missing",
        7: "Duplicate acknowledgement: other data came, and the server repeats",
        9: "Out of order",
        10: "Window 0: the server has no room left",
        11: "Window update: the server has more room again.",
        12: "Keep-alive",
    }
    assert {number: text for number, text in expected.items() if text not in told[number - 1]} == {}


def test_annotate_puts_comments_where_tshark_reads_them(tmp_path: Path) -> None:
    """The comments of a copy are those that were given, and its packets those of the capture."""
    comments = {1: "SYN : le client demande\nune connexion", 2: "é" * 2000}
    file = tmp_path / "copy.pcapng"
    file.write_bytes(annotate(open_capture(DATA / "refused.pcap"), comments))
    assert recording(file).packets == recording(DATA / "refused.pcap").packets
    argv = ["tshark", "-n", "-r", str(file), "-T", "json", "-e", "frame.comment"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert "SYN : le client demande\\nune connexion" in done
    assert f'"{"é" * 1000}"' in done


def test_annotate_of_a_capture_that_ends_in_half_a_record(tmp_path: Path) -> None:
    """The copy has the packets that are whole, as they are: editcap would guess as tshark does."""
    file = tmp_path / "annotated.pcapng"
    file.write_bytes(annotate(open_capture(DATA / "refused.cut"), {2: "refused"}))
    assert [("SYN",), ("RST", "ACK")] == [packet.flags for packet in recording(file).packets]


def test_annotate_takes_as_many_comments_as_are_explained() -> None:
    """The longest comments on LIMIT packets fit into one command line."""
    annotate(open_capture(DATA / "ssh.pcap"), dict.fromkeys(range(1, 401), "é" * 2000))
