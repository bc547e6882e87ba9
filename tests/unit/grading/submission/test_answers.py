"""Answers: free in how they are written, strict in what they say."""

from __future__ import annotations

from typing import Any

import pytest

from sharklab.checks import QUESTIONS
from sharklab.grading.submission import answers


@pytest.mark.parametrize(
    ("question", "given", "key"),
    [
        ("server_port", 443, "443"),
        ("server_port", "443 (le port habituel)", "443"),
        ("server_port", "n°443", "443"),
        ("server_port", "`443`", "443"),
        ("local_port", "50 925", "50925"),
        ("server_address", "https://10.77.5.2", "10.77.5.2"),
        ("server_address", "root@10.77.5.2", "10.77.5.2"),
        ("server_address", "10.77.5.2 (my server)", "10.77.5.2"),
        ("transport", "C'est du TCP", "TCP"),
        ("transport", "TCPv4", "TCP"),
        ("transport", "TCP, SSHv2", "TCP"),
        ("transport", "TCP (not UDP)", "TCP"),
        ("server_port", "443", "443"),
        ("server_port", "443/tcp", "443"),
        ("server_port", "tcp/443", "443"),
        ("server_port", "TCP 443.", "443"),
        ("server_port", "port 443", "443"),
        ("server_port", "Port n° 443", "443"),
        ("server_port", ":443", "443"),
        ("server_port", [443], "443"),
        ("server_port", "https", "443"),
        ("server_port", "443 (https)", "443"),
        ("server_port", ":ssh", "22"),
        ("server_port", "NFS", "2049"),
        ("local_port", "pop3s", "995"),
        ("local_port", "krbupdate", "760"),
        ("server_port", "10.77.5.2:443", "443"),
        ("server_port", "[fd77:5::2]:443", "443"),
        ("server_port", "server.lab.example:ssh", "22"),
        ("local_port", "localhost:6463", "6463"),
        ("local_port", "0.0.0.0:57862 *:*", "57862"),
        ("server_address", "10.77.5.2:443", "10.77.5.2"),
        ("server_address", "www.lab.example (10.77.5.2)", "10.77.5.2"),
        ("server_address", "10.77.5.2 (www.lab.example)", "10.77.5.2"),
        ("transport", "QUIC", "UDP"),
        ("transport", "UDP (QUIC)", "UDP"),
        ("transport", "TCP (IMAP)", "TCP"),
        ("server_port", "0443", "443"),
        ("server_address", "10.77.5.2", "10.77.5.2"),
        ("server_address", " 10.77.5.2/24 ", "10.77.5.2"),
        ("server_address", "10.77.5.2.", "10.77.5.2"),
        ("server_address", "FD77:5:0:0::2", "fd77:5::2"),
        ("server_address", "fd77:0005::0002", "fd77:5::2"),
        ("server_address", "[fd77:5::2]", "fd77:5::2"),
        ("server_address", "fe80::1%lan", "fe80::1"),
        ("server_address", "::ffff:10.77.5.2", "10.77.5.2"),
        ("server_address", "::1", "0:0:0:0:0:0:0:1"),
        ("transport", "tcp", "TCP"),
        ("transport", "Transmission Control Protocol (TCP)", "TCP"),
        ("transport", "TCP.", "TCP"),
        ("transport", "Le protocole UDP", "UDP"),
        ("transport", "UDP/IP", "UDP"),
        ("client_bytes", 1234, "1234"),
        ("client_bytes", "1 234 octets", "1234"),
        ("client_bytes", "1\u202f234 o", "1234"),
        ("client_bytes", "1,234 bytes", "1234"),
        ("client_bytes", "1234B", "1234"),
        ("client_bytes", 1234.0, "1234"),
        ("client_bytes", "0x4d2", "1234"),
        ("client_sequence", "3 405 691 582", "3405691582"),
        ("client_sequence", "0xCAFEBABE", "3405691582"),
        ("service", "TLS", "TLSv1.3"),
        ("service", "TLS 1.3", "TLSv1.3"),
        ("service", "https", "TLSv1.2"),
        ("service", "ssh", "SSHv2"),
        ("service", "HTTP/1.1", "HTTP"),
        ("busiest", "Large", "large"),
        ("busiest", "captures/large.pcapng", "large"),
    ],
)
def test_same_of_another_spelling_is_the_same(question: str, given: Any, key: str) -> None:
    """Units, case, punctuation and the forms that tools print are the student's choice."""
    assert answers.same(question, given, key)


@pytest.mark.parametrize(
    ("question", "given", "key"),
    [
        ("server_port", 80, "443"),
        ("server_port", "80 443", "443"),
        ("server_address", "10.77.5.2 or 10.77.5.3", "10.77.5.2"),
        ("server_address", "from 10.77.5.2 to 10.77.5.3", "10.77.5.2"),
        ("server_address", "not 10.77.5.999", "10.77.5.2"),
        ("transport", "TCP and not UDP", "TCP"),
        ("server_port", "80, 443", "443"),
        ("server_port", "443-445", "443"),
        ("server_port", "not 443", "443"),
        ("server_port", "10.77.5.2:80", "443"),
        ("server_port", "10.77.5.2", "443"),
        ("server_port", "http", "443"),
        ("server_port", "http and https", "443"),
        ("server_port", 443.5, "443"),
        ("server_port", "443.5", "443"),
        ("server_port", -443, "443"),
        ("server_port", True, "1"),
        ("server_port", {"port": 443}, "443"),
        ("server_port", None, "443"),
        ("server_port", "", "443"),
        ("server_port", [443, 80], "443"),
        ("server_port", "00000000443", "443"),
        ("server_port", 65979, "443"),
        ("server_address", "10.77.5.20", "10.77.5.2"),
        ("server_address", "10.77.5.2/99", "10.77.5.2"),
        ("server_address", "10.77.5.2 10.77.5.3", "10.77.5.2"),
        ("server_address", "server", "10.77.5.2"),
        ("server_address", "server:443", "10.77.5.2"),
        ("server_address", "server (10.77.5.3)", "10.77.5.2"),
        ("server_address", 175965442, "10.77.5.2"),
        ("transport", "TCP and UDP", "TCP"),
        ("transport", "not TCP", "TCP"),
        ("transport", "6", "TCP"),
        ("transport", "TDP", "UDP"),
        ("transport", "QUIC or TCP", "TCP"),
        ("client_bytes", "1234 bits", "1234"),
        ("client_bytes", "1234 packets", "1234"),
        ("client_bytes", "about 1234", "1234"),
        ("client_bytes", "12,34", "1234"),
        ("client_bytes", "12 34", "1234"),
        ("client_bytes", "1234 1234", "1234"),
        ("client_bytes", 1234.5, "1234"),
        ("client_bytes", float("inf"), "1234"),
        ("client_bytes", "9" * 5000, "1234"),
        ("service", "HTTP and TLS", "TLSv1.3"),
        ("service", "443", "TLSv1.3"),
        ("busiest", "small", "large"),
        ("busiest", "small, large", "large"),
    ],
)
def test_same_of_another_value_is_not(question: str, given: Any, key: str) -> None:
    """Neither a wrong value, nor two at once, nor what is of another kind."""
    assert not answers.same(question, given, key)


@pytest.mark.parametrize("question", QUESTIONS)
def test_formats_know_every_question(question: str) -> None:
    """Every question of the labs has a format."""
    assert QUESTIONS[question].value in answers.FORMATS


@pytest.mark.parametrize("question", QUESTIONS)
def test_same_of_nothing_is_never_the_same(question: str) -> None:
    """An answer that is not there is not the key that could not be measured."""
    assert not answers.same(question, "", "")
    assert not answers.same(question, None, "")


def test_same_of_a_set_that_was_measured_as_one_text() -> None:
    """The key of a question for several values is one text, as reports show it."""
    given = ["22, 80", [80, 22], "80/tcp\n22/tcp", "80, 22, 80", "22", "22, 80, 443", "22, 80, all others"]
    assert [True, True, True, True, False, False, False] == [
        answers.same("open_ports", value, "22, 80") for value in given
    ]


@pytest.mark.parametrize(
    ("question", "given", "values"),
    [
        ("local_port", "50925, 50926 and 50927", {"50925", "50926", "50927"}),
        ("local_port", [50925, "50926/tcp"], {"50925", "50926"}),
        ("server_address", "10.77.5.2 / fd77:5::2", {"10.77.5.2", "fd77:5::2"}),
        ("server_port", "http et https", {"80", "443"}),
        ("transport", "TCP, UDP", {"TCP", "UDP"}),
        ("server_port", "443, all others", set()),
    ],
)
def test_values_of_an_answer_with_several(question: str, given: Any, values: set[str]) -> None:
    """Each value is taken for what it says; one in another format makes the answer none."""
    assert values == answers.values(question, given)


SS = 'ESTAB 0 0 10.77.5.3:50925 10.77.5.2:https users:(("firefox",pid=7,fd=3))'


@pytest.mark.parametrize(
    ("question", "value"),
    [("local_port", "50925"), ("server_port", "443"), ("server_address", "10.77.5.2"), ("transport", "TCP")],
)
def test_values_of_a_pasted_line_are_those_that_the_question_asks_for(question: str, value: str) -> None:
    """The lines around it may be the prompt, the heading, or a socket that waits for any peer."""
    given = f"$ ss -tnp\nState Recv-Q Send-Q Local Address:Port Peer Address:Port\n{SS}\n"
    assert {value} == answers.values(question, given)


def test_values_of_a_question_that_no_socket_answers_are_never_from_a_pasted_line() -> None:
    """A number of bytes is a number."""
    assert not answers.values("client_bytes", SS)
