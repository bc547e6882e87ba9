"""The conversation that answers declare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharklab.evidence.packets.model import Conversation, Endpoint
from sharklab.grading.submission.declaration import find_fitting, is_declared, without_server
from tests.support.checks_sample import Sample

TALK = Conversation("udp", Endpoint("10.77.5.1", 50001), Endpoint("192.0.2.9", 53), (1,))
QUESTIONS = ("dns_server_address", "dns_server_port", "local_port", "transport", "client_bytes")
LOCAL, SERVER = ("local_port",), ("dns_server_address",)
OWN_SEAT = ("10.9.9.1", "10.9.9.2")


@pytest.mark.parametrize(
    ("given", "fits", "declared"),
    [
        ({"dns_server_address": "192.0.2.9"}, {"dns_server_address"}, True),
        ({"dns_server_address": ["192.0.2.9", "192.0.2.8"]}, {"dns_server_address"}, True),
        ({"local_port": "50001", "dns_server_address": "192.0.2.8"}, {"local_port"}, True),
        ({"local_port": "50001", "dns_server_address": "dns.example.org"}, {"local_port"}, True),
        ({"local_port": "50001", "dns_server_address": "10.33.70.999"}, {"local_port"}, True),
        ({"local_port": "50001", "dns_server_port": "54"}, {"local_port"}, True),
        ({"dns_server_port": "53", "transport": "UDP"}, {"dns_server_port", "transport"}, True),
        ({"dns_server_port": "53", "transport": "TCP"}, {"dns_server_port"}, False),
        ({"dns_server_port": "53", "dns_server_address": "192.0.2.8"}, {"dns_server_port"}, False),
        ({"local_port": "50001", "dns_server_address": "10.9.9.2"}, {"local_port"}, False),
        ({"local_port": "50001", "dns_server_address": "192.0.2.9, 10.9.9.2"}, {*LOCAL, *SERVER}, True),
        ({"transport": "UDP"}, {"transport"}, False),
        ({"dns_server_address": "10.77.5.1"}, set(), True),
        ({"client_bytes": "7"}, set(), False),
        ({}, set(), False),
    ],
)
def test_answers_declare_a_conversation(given: dict[str, Any], fits: set[str], declared: bool) -> None:
    """By an end of it; a port of a service and a transport are enough where no address was given.

    An address of the own seat says that the conversation is there.
    """
    exercise = replace(Sample(["one"]).context().exercise, questions=QUESTIONS)
    assert fits == set(find_fitting(TALK, exercise, given))
    assert declared is is_declared(TALK, exercise, given, OWN_SEAT)


def test_without_server_keeps_the_other_answers() -> None:
    """Of whatever name the question about the server is."""
    exercise = replace(Sample(["one"]).context().exercise, questions=QUESTIONS)
    given = {"dns_server_address": "192.0.2.8", "local_port": "50001", "note": "x"}
    assert {"local_port", "note"} == without_server(exercise, given).keys()
