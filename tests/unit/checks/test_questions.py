"""Each question's answer, from recorded captures, sockets and the output of commands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks import QUESTIONS
from sharklab.checks.outcome import Reference, Status
from sharklab.lab.model import ExpectedConversation
from tests.support.checks_sample import ASKED, Sample, lines, result, words
from tests.support.scans_sample import SOCKETS, scan_sample, xml

DNS = Sample(["dns.pcap"], ExpectedConversation("client", "server", "udp", 53))
NFS = Sample(["nfs.pcap"])
SSH = Sample(["ssh.pcap"], sockets=lines("ssh"))
VOICE = Sample(["voice.pcap"], sockets=lines("voice"))


@pytest.mark.parametrize(
    ("sample", "question", "value"),
    [
        (SSH, "server_address", "10.77.5.2"),
        (SSH, "server_port", "22"),
        (SSH, "local_port", "34898"),
        (SSH, "client_address", "10.77.5.1"),
        (SSH, "transport", "TCP"),
        (VOICE, "server_port", "3478"),
        (VOICE, "transport", "UDP"),
        (DNS, "dns_server_port", "53"),
        (DNS, "local_port", "34730"),
        (NFS, "nfs_port", "2049"),
        (NFS, "nfs_server_address", "10.77.5.2"),
        (Sample(["ssh6.pcap"]), "server_address", "fd77:5::2"),
    ],
)
def test_questions_measure_answers(sample: Sample, question: str, value: str) -> None:
    """Answers come from the wire and from ss, and name where."""
    answer = sample.ask(question)
    assert (value, Status.PASSED) == (answer.value, answer.status)
    assert answer.evidence != ()


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_without_evidence_have_no_answer(question: str) -> None:
    """The plan alone is no measurement."""
    answer = Sample().ask(question)
    expected = (None, Status.INCONCLUSIVE, "No capture, socket or command of the run shows it.")
    assert expected == (answer.value, answer.status, words(answer))


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


def test_open_ports_agree_between_capture_and_nmap() -> None:
    """SYN/ACKs and nmap's XML are two sources of one answer, and contradict each other when they do."""
    agreeing = replace(scan_sample(), results=[result(stdout=xml("22/tcp open syn-ack ssh"))])
    other = replace(scan_sample(), results=[result(stdout=xml("80/tcp open syn-ack http"))])
    assert ("22", Status.PASSED) == (agreeing.ask("open_ports").value, agreeing.ask("open_ports").status)
    assert (None, Status.INCONCLUSIVE) == (other.ask("open_ports").value, other.ask("open_ports").status)


def test_process_is_who_listens_at_the_port() -> None:
    """ss on the server names the program behind the exercise's port, and nothing when nobody listens."""
    for port, value in ((22, "sshd"), (80, None)):
        sample = Sample(["ssh.pcap"], ExpectedConversation("client", "server", "tcp", port), sockets=SOCKETS)
        assert value == sample.ask("process").value


def test_open_ports_leave_out_a_command_that_prints_no_xml() -> None:
    """The capture alone answers then, and the command is no evidence."""
    answer = replace(scan_sample(), results=[result(stdout="Starting Nmap 7.93")]).ask("open_ports")
    assert ("22", (Reference(capture="scan", packets=(6,)),)) == (answer.value, answer.evidence)


def test_process_of_an_exercise_without_a_conversation_is_not_known() -> None:
    """No port is meant."""
    answer = Sample(["ssh.pcap"], None, sockets=SOCKETS).ask("process")
    assert (None, Status.INCONCLUSIVE) == (answer.value, answer.status)


def test_process_is_not_known_where_ss_names_none() -> None:
    """Only root sees the programs of others."""
    bare = tuple(replace(line, line=line.line.partition(" users:")[0]) for line in SOCKETS)
    asked = replace(ASKED, port=22)
    answer = Sample(["ssh.pcap"], asked, sockets=bare).ask("process")
    found = "No capture, socket or command of the run shows it."
    assert (None, found) == (answer.value, words(answer))
