"""Checks and questions about captures by name, on recorded captures and on packets made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks.outcome import Outcome, Reference, Status
from sharklab.evidence.packets.model import Facts
from tests.support.checks_sample import Sample, shown, words
from tests.support.packets_sample import packet
from tests.support.packets_sample import shown as facts_of

OPEN = (
    packet(">", "SYN", seq=100),
    packet("<", "SYN", "ACK", seq=500, ack=101),
    packet(">", "ACK", seq=101, ack=501),
    packet(">", "PSH", "ACK", seq=101, ack=501, payload=6),
    packet("<", "ACK", seq=501, ack=107),
)


def of(facts: Facts, kind: str, **params: object) -> Outcome:
    """Return what a check says of the facts of one capture, which is called `one`."""
    return Sample(["one"], facts={"one": facts}).check(kind, **params)


@pytest.mark.parametrize(
    ("name", "packets"),
    [
        ("refused.pcap", "syn_rst"),
        ("drop.pcap", "syn_retries"),
        ("reject.pcap", "syn_icmp 3/13"),
        ("udp_reject.pcap", "udp_icmp"),
        ("halfclose.pcap", "handshake_fin"),
    ],
)
def test_knock_tells_the_pattern_of_a_capture(name: str, packets: str) -> None:
    """Recorded captures are what they were made to be, and not something else."""
    sample = Sample([name])
    assert Status.PASSED is sample.check("knock", capture=name, packets=packets).status
    wrong = sample.check("knock", capture=name, packets="synack_rst")
    assert Status.FAILED is wrong.status and "instead of SYN, SYN/ACK, then RST" in words(wrong)


def test_knock_on_a_capture_that_dropped_packets_is_inconclusive() -> None:
    """A pattern says that nothing else was there."""
    sample = Sample(["refused.pcap"], dropped=1)
    assert Status.INCONCLUSIVE is sample.check("knock", capture="refused.pcap", packets="syn_rst").status


def test_zero_reply_wants_a_fin_and_no_byte_of_the_server() -> None:
    """Data of the client and a FIN of the server; one byte of the server is too much."""
    fin = packet("<", "FIN", "ACK", seq=501, ack=107)
    found = of(facts_of([*OPEN, fin]), "zero_reply")
    assert (Status.PASSED, (4, 6)) == (found.status, found.evidence[0].packets)
    said = packet("<", "PSH", "ACK", seq=501, ack=107, payload=1)
    assert Status.FAILED is of(facts_of([*OPEN, said, fin]), "zero_reply").status
    assert Status.FAILED is of(facts_of(OPEN), "zero_reply").status


def test_snapped_wants_the_same_packets_and_a_lost_token() -> None:
    """Half a capture has lost the token where it is cut, and not where it is whole."""
    whole = shown("dns.pcap")
    cut = replace(whole, truncated=(1, 2))
    sample = Sample(["dns.pcap", "refused.pcap"], facts={"refused.pcap": cut})
    assert Status.PASSED is sample.check("snapped", capture="refused.pcap", whole="dns.pcap").status
    same = Sample(["dns.pcap"]).check("snapped", capture="dns.pcap", whole="dns.pcap")
    assert Status.FAILED is same.status
    assert Status.INCONCLUSIVE is sample.check("snapped", capture="none", whole="dns.pcap").status


def test_costlier_compares_packets() -> None:
    """More packets cost more; fewer do not."""
    sample = Sample(["ssh.pcap", "halfclose.pcap"])
    found = sample.check("costlier", capture="ssh.pcap", than="halfclose.pcap")
    assert Status.PASSED is found.status
    assert f"ssh.pcap: {len(shown('ssh.pcap').packets)} packets and 1 connections" in words(found)
    assert Status.FAILED is sample.check("costlier", capture="halfclose.pcap", than="ssh.pcap").status


@pytest.mark.parametrize(
    ("name", "question", "expected"),
    [
        ("refused.pcap", "client_sequence", "1710535618"),
        ("refused.pcap", "client_bytes", "0"),
        ("halfclose.pcap", "client_bytes", "3"),
        ("ssh.pcap", "service", "SSH"),
        ("refused.pcap", "service", None),
        ("refused.pcap", "busiest", "refused.pcap"),
    ],
)
def test_questions_are_read_off_the_capture(name: str, question: str, expected: str | None) -> None:
    """The answer is in the packets, or there is none."""
    assert expected == Sample([name]).ask(question).value


def test_busiest_names_the_capture_with_the_most_packets() -> None:
    """Of two captures one holds more."""
    answer = Sample(["refused.pcap", "ssh.pcap"]).ask("busiest")
    assert ("ssh.pcap", (Reference(capture="ssh.pcap"),)) == (answer.value, answer.evidence)
