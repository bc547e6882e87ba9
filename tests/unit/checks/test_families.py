"""How a client deals with a server that has an IPv6 and an IPv4 address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from sharklab.checks.outcome import Outcome, Status
from sharklab.evidence.packets.model import Facts, Packet
from tests.support.checks_sample import Sample, said, words
from tests.support.packets_sample import CLIENT, SERVER, packet
from tests.support.packets_sample import shown as facts_of

ENDS = {"IPv4": (CLIENT, SERVER), "IPv6": ("fd77:5::1", "fd77:5::2")}


def of(facts: Facts, kind: str, **params: object) -> Outcome:
    """Return what a check says of the facts of one capture."""
    return Sample(["one"], facts={"one": facts}).check(kind, **params)


def syn(at: float, family: str, local: int) -> Packet:
    """Return the SYN of a new connection by a family."""
    return packet(">", "SYN", at=at, ends=ENDS[family], local=local, port=8001, seq=100)


def opened(at: float, family: str, local: int) -> list[Packet]:
    """Return the three packets of a connection that comes about."""
    first = syn(at, family, local)
    answer = replace(first, source=first.destination, destination=first.source, seq=500, ack=101)
    return [
        first,
        replace(answer, flags=("SYN", "ACK")),
        replace(first, flags=("ACK",), seq=101, ack=501),
    ]


@pytest.mark.parametrize(
    ("packets", "way", "found"),
    [
        (
            [syn(0.0, "IPv6", 1), *opened(0.2, "IPv4", 2)],
            "races",
            "The client tries IPv6 in packet 1, and IPv4 0.2 s later in packet 2, without waiting.",
        ),
        (
            [syn(0.0, "IPv6", 1), syn(1.0, "IPv6", 1), *opened(3.0, "IPv4", 2)],
            "waits",
            "The client tries IPv6 in packet 1, and IPv4 only 3.0 s later in packet 3.",
        ),
        (opened(0.0, "IPv4", 1), "ipv4_only", "The client tries IPv4 alone, in packet 1."),
    ],
)
def test_families_tell_how_a_client_tries(packets: Iterable[Packet], way: str, found: str) -> None:
    """The delay is measured between the first SYNs; the connection is IPv4's."""
    outcome = of(facts_of(packets), "families", port=8001, way=way)
    assert (Status.PASSED, f"{found} The connection uses IPv4.") == (outcome.status, words(outcome))


def test_families_take_any_of_several_ways() -> None:
    """A browser may or may not believe that it has IPv6."""
    packets = opened(0.0, "IPv6", 1)
    outcome = of(facts_of(packets), "families", port=8001, way=["races", "ipv6_only"])
    assert (Status.PASSED, {"family": ["IPv6"]}) == (outcome.status, outcome.found.values["end"].values)


@pytest.mark.parametrize(
    ("packets", "port", "found"),
    [
        ([syn(0.0, "IPv6", 1), *opened(3.0, "IPv4", 2)], 8001, "The connection uses {family}."),
        ([syn(0.0, "IPv6", 1), syn(0.2, "IPv4", 2)], 8001, "No attempt leads to a connection."),
        (opened(0.0, "IPv4", 1), 8002, "The client does not try to connect to port {port}."),
    ],
    ids=["another way", "no connection", "another port"],
)
def test_families_fail(packets: Iterable[Packet], port: int, found: str) -> None:
    """A client that waits does not race, one that gets nowhere fails."""
    outcome = of(facts_of(packets), "families", port=port, way="races")
    assert Status.FAILED is outcome.status and found in said(outcome)
