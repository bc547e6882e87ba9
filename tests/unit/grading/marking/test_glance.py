"""One capture before it is handed in: what it shows of the lab."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.marking import glance
from sharklab.lab.model import Plan
from tests.support.errors import error_of
from tests.support.packets_made import LINKS, Way, icmp, pcap
from tests.support.student_hosts import StudentHosts


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudentHosts:
    """Return the hosts of a seat, for their addresses."""
    return StudentHosts(tmp_path, monkeypatch)


def about(plan: Plan, filter: str, conversation: bool = True) -> Plan:
    """Return the plan whose only capture has another filter, with or without a conversation."""
    [exercise] = plan.lab.exercises
    captures = tuple(replace(capture, filter=filter) for capture in exercise.captures)
    talk = exercise.conversation if conversation else None
    return replace(
        plan,
        lab=replace(plan.lab, exercises=(replace(exercise, captures=captures, conversation=talk),)),
    )


@pytest.mark.parametrize(
    ("filter", "conversation", "port", "client", "shown"),
    [
        ("tcp port 80", True, 80, "", 1),
        ("tcp port 80", True, 81, "", None),
        ("not port 22", True, 81, "", 1),
        ("", True, 80, "192.0.2.7", None),
        ("tcp port 80", False, 80, "", 1),
        ("tcp port 80", False, 81, "", None),
        ("host 192.0.2.253", True, 80, "", None),
        ("host 192.0.2.253", True, 80, "192.0.2.7", None),
        ("host 192.0.2.7", True, 80, "192.0.2.7", 0),
    ],
)
def test_look_finds_the_exercise(
    hosts: StudentHosts, filter: str, conversation: bool, port: int, client: str, shown: int | None
) -> None:
    """By the conversation and the ports of the filter, or by an address that no host has."""
    file = hosts.record(hosts.place / "x", port, client)
    seen = glance.look(about(hosts.plan, filter, conversation), file)
    found = seen.shown.get("page")
    assert ("pcap", shown) == (seen.format, None if found is None else len(found))
    assert (8, "") == (seen.packets, str(seen.problem))


@pytest.mark.parametrize(
    ("filter", "conversation", "asker", "shown"),
    [
        ("icmp", False, "server", {"page": ()}),
        ("icmp[icmptype] == icmp-echo", True, "server", {"page": ()}),
        ("icmp6", True, "server", {"page": ()}),
        ("tcp", True, "server", {}),
        ("not icmp", True, "server", {}),
        ("icmp or tcp port 80", True, "server", {}),
        ("icmp", True, "192.0.2.8", {}),
        ("icmp", False, "192.0.2.8", {}),
    ],
)
def test_packets_that_are_no_conversation(
    hosts: StudentHosts, filter: str, conversation: bool, asker: str, shown: dict[str, object]
) -> None:
    """An echo request: packets of the seat's hosts count, those of others do not.

    An exercise about ping names its hosts, and has no ports.
    """
    plan = about(hosts.plan, filter, conversation)
    source = str(plan.seat.address("server", "lan").ipv4.ip) if asker == "server" else asker
    packet = LINKS["ethernet"].wrap(Way(source, "192.0.2.9").ip(1, icmp(8, 0, b"ping")), "<")
    pcap(hosts.place / "ping", 1, [packet], "<", 1000)
    assert shown == glance.look(plan, hosts.place / "ping").shown


def test_look_refuses_another_file(hosts: StudentHosts) -> None:
    """The error is that of the reader."""
    (hosts.place / "x").write_text("hello")
    error_of(InputError, glance.look, hosts.plan, hosts.place / "x")
