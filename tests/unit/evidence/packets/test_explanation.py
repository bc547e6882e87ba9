"""Explanations come from the packets: recorded captures with tshark as witness, and packets made by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pytest

from sharklab.evidence.packets.explanation import Explanation, explain
from sharklab.evidence.packets.model import Dns
from sharklab.evidence.packets.tcp_options import options
from tests.support.packets_sample import error, packet, recorded, shown

DATA = Path(__file__).parents[3] / "data"
RECORDED = sorted(file.name for file in DATA.glob("*.pcap*"))


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


def test_explain_counts_data_and_fin() -> None:
    """PSH and FIN in one: the bytes and one for the FIN; a host that only refuses has no numbers."""
    last = explain(shown([packet(">", "FIN", "PSH", "ACK", seq=101, ack=501, payload=6)]))[-1]
    following = {"seq": 1, "length": 6, "flag": "FIN", "next": 8}
    assert following in [message.values for message in last.numbers]
    refusal = explain(recorded("refused.pcap"))[1]
    assert "seq {absolute}: a host that refuses has no numbers of its own" == refusal.numbers[0].msgid


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
    told = [each.special[-1].values for each in explain(recorded("short.pcap"))]
    assert {40} == {values["captured"] for values in told}
