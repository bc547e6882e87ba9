"""The service of an exercise, which the lab tells without a capture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sharklab.grading.submission import service
from sharklab.grading.submission.service import AskedService
from sharklab.lab.model import Capture, Check, Exercise, ExpectedConversation
from tests.support.checks_sample import shown

TCP22 = ExpectedConversation("client", "server", "tcp", 22)
ANY = ExpectedConversation("client", "server")


def exercise(
    conversation: ExpectedConversation | None, filter: str = "", checks: tuple[Check, ...] = ()
) -> Exercise:
    """Return an exercise with one capture."""
    captures = (Capture("ssh", "client", "lan", filter),)
    return Exercise("ssh", "I", {}, {}, conversation, captures, (), checks, ())


@pytest.mark.parametrize(
    ("values", "transport"),
    [
        ({"conversation": TCP22}, "tcp"),
        ({"conversation": ANY, "filter": "port 22 and not port 53"}, ""),
        ({"conversation": replace(ANY, transport="tcp"), "filter": "tcp port 22"}, "tcp"),
        ({"conversation": ANY, "checks": (Check("listens", {"host": "server", "port": "22/tcp"}),)}, "tcp"),
        ({"conversation": ANY, "checks": (Check("reaches", {"to": "server", "port": "22/tcp"}),)}, "tcp"),
    ],
    ids=["conversation", "filter", "transport and filter", "service", "reached"],
)
def test_of_knows_the_service_in_whatever_way_the_lab_says_it(
    values: Mapping[str, Any], transport: str
) -> None:
    """The port of the conversation goes before that of a filter, and this before that of a check."""
    assert AskedService(transport, 22) == service.of(exercise(**values))


@pytest.mark.parametrize(
    "values",
    [
        {"conversation": ANY},
        {"conversation": None},
        {"conversation": ANY, "filter": "not port 22"},
        {"conversation": ANY, "filter": "port 23 and not (port 22)"},
        {"conversation": ANY, "filter": "port 22 or port 53"},
        {"conversation": ANY, "checks": (Check("listens", {"host": "client", "port": "22/tcp"}),)},
    ],
)
def test_of_is_none_where_the_lab_does_not_tell(values: Mapping[str, Any]) -> None:
    """No port, a port that is left out, several, one of another host."""
    assert service.of(exercise(**values)) is None


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (AskedService("tcp", 22), True),
        (AskedService("", 22), True),
        (AskedService("udp", 22), False),
        (AskedService("", 23), False),
    ],
)
def test_fits_compares_transport_and_port(wanted: AskedService, fits: bool) -> None:
    """With an SSH connection."""
    [talk] = shown("ssh.pcap").conversations
    assert fits is wanted.fits(talk)
