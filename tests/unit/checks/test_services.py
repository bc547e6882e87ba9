"""The services to know are what the system's own list says, or the lab says why not."""

from __future__ import annotations

import pytest

from sharklab.checks import services
from sharklab.checks.outcome import Status
from sharklab.lab.model import Service
from tests.support.checks_sample import Sample, result
from tests.support.scans_sample import SOCKETS

LIST = """# Network services
ssh\t\t22/tcp\t\t\t\t# SSH Remote Login Protocol
domain\t\t53/tcp
domain\t\t53/udp
imap2\t\t143/tcp\t\timap\t\t# Interim
"""
NOTE = {"fr": "parce que", "en": "because"}


@pytest.mark.parametrize(
    ("service", "status"),
    [
        (Service(22, "ssh", ("tcp",), {}), Status.PASSED),
        (Service(143, "imap", ("tcp",), {}), Status.PASSED),
        (Service(22, "ssh", ("tcp", "udp"), {}), Status.FAILED),
        (Service(22, "ssh", ("tcp", "udp"), {}, NOTE), Status.PASSED),
        (Service(53, "dns", ("tcp", "udp"), {}, NOTE, "domain"), Status.PASSED),
        (Service(53, "dns", ("tcp", "udp"), {}, {}, "domain"), Status.FAILED),
        (Service(53, "dns", ("tcp", "udp"), {}, NOTE, "names"), Status.FAILED),
        (Service(53, "dns", ("tcp", "udp"), {}, NOTE), Status.FAILED),
        (Service(1664, "toto", ("tcp",), {}, NOTE, own=True), Status.PASSED),
        (Service(1664, "toto", ("tcp",), {}, own=True), Status.FAILED),
        (Service(22, "ssh", ("tcp",), {}, NOTE, own=True), Status.FAILED),
    ],
)
def test_services_need_a_reason_where_they_differ(service: Service, status: Status) -> None:
    """By name, port or transport; a reason is not enough for a name that is nowhere, unless it is `own`."""
    sample = Sample(results=[result("list", stdout=LIST)], services=(service,))
    assert status is sample.check("services", reference="list").status


def test_services_are_inconclusive_without_a_list() -> None:
    """Nothing compared is nothing proved."""
    sample = Sample(results=[result("list", stdout="")], services=(Service(22, "ssh", ("tcp",), {}),))
    assert Status.INCONCLUSIVE is sample.check("services", reference="list").status


def test_services_say_who_listens_here() -> None:
    """The table has the host and the process of each service that runs in the lab."""
    sample = Sample(
        results=[result("list", stdout=LIST)], services=(Service(22, "ssh", ("tcp",), NOTE),), sockets=SOCKETS
    )
    table = sample.check("services", reference="list").table
    assert table
    assert ["22", "ssh", "TCP", "ssh/tcp", "server: sshd"] == [str(cell) for cell in table.lines[0].cells[:5]]
    assert NOTE == table.lines[0].cells[5]


def test_read_services_takes_names_and_aliases() -> None:
    """The official name comes first, comments are left out."""
    names = services.read_services(LIST)
    assert (("ssh",), ("imap2", "imap")) == (names[22, "tcp"], names[143, "tcp"])
