"""Captures of many ports or many servers at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks.outcome import Status
from sharklab.checks.scans import spans
from sharklab.evidence.packets import facts
from sharklab.evidence.packets.model import DecodedCapture, Icmp
from sharklab.lab.model import ExpectedConversation
from tests.support.checks_sample import ASKED, Sample
from tests.support.packets_sample import CLIENT, SERVER, shown
from tests.support.scans_sample import packet, scan_sample


def test_scan_passes_and_sorts_the_ports_by_their_answer() -> None:
    """ARP first, four SYNs, one SYN/ACK; the table has each port under what it answered."""
    outcome = scan_sample().check("scan", capture="scan", ports=4, open=[22])
    assert (Status.PASSED, (1, 6)) == (outcome.status, outcome.evidence[0].packets)
    assert outcome.table
    assert ["22", "113", "110", "8080"] == [str(entry.cells[3]) for entry in outcome.table.lines]


@pytest.mark.parametrize(
    ("look", "params"),
    [
        (True, {"ports": 4, "open": [22, 80]}),
        (True, {"ports": 4, "open": []}),
        (True, {"ports": 5}),
        (False, {"ports": 4, "open": [22]}),
        (True, {"ports": 4, "open": [80], "look": False}),
    ],
    ids=["another one open", "none open", "too few ports", "no look", "another one open, no look asked for"],
)
def test_scan_fails_otherwise(look: bool, params: dict[str, object]) -> None:
    """Other open ports, too few, or no packet that looks for the host."""
    assert Status.FAILED is scan_sample(look).check("scan", capture="scan", **params).status


def test_scan_does_without_a_look_where_the_lab_says_so() -> None:
    """A capture whose filter leaves ARP out."""
    outcome = scan_sample(look=False).check("scan", capture="scan", ports=4, open=[22], look=False)
    assert (Status.PASSED, (6,)) == (outcome.status, outcome.evidence[0].packets)


def test_scan_is_inconclusive_when_packets_are_missing() -> None:
    """A SYN/ACK that tcpdump dropped may have been there."""
    sample = replace(scan_sample(), dropped=3)
    assert Status.INCONCLUSIVE is sample.check("scan", capture="scan", ports=4, open=[22]).status


def test_spans_joins_neighbours() -> None:
    """Ports that follow one another are a span."""
    assert "21-23, 80" == spans([80, 23, 21, 22])


def test_protocols_are_told_from_the_data() -> None:
    """tshark's word for the data of the port, whatever its number; another protocol fails."""
    sample = Sample(["ssh.pcap"])
    good, bad = (sample.check("protocols", ports={"22/tcp": name}) for name in ("SSH", "HTTP"))
    assert (Status.PASSED, Status.FAILED) == (good.status, bad.status)
    assert good.table
    assert "SSH" == str(good.table.lines[0].cells[2])


def test_one_client_counts_hosts_on_both_sides() -> None:
    """The recorded question and answer: one client, one server."""
    sample = Sample(["dns.pcap"], ExpectedConversation("client", "server", "udp", 53))
    assert Status.PASSED is sample.check("one_client", port=53, servers=["server"]).status
    assert Status.FAILED is sample.check("one_client", port=53, servers=["server", "desktop"]).status
    assert Status.FAILED is sample.check("one_client", port=161, servers=["server"]).status


@pytest.mark.parametrize(
    ("answered", "status"), [((), Status.FAILED), ((1,), Status.PASSED), ((1, 3), Status.FAILED)]
)
def test_one_client_is_one_and_gets_its_answers(answered: tuple[int, ...], status: Status) -> None:
    """Two hosts ask: with an answer to one of them there is one client, with two there are two."""
    ways = [(f"10.77.5.{host}:40000", f"{SERVER}:161") for host in (1, 3)]
    ways += [(f"{SERVER}:161", f"10.77.5.{host}:40000") for host in answered]
    packets = tuple(packet(number, *way, transport="udp") for number, way in enumerate(ways, 1))
    sample = Sample(["snmp"], ASKED, facts={"snmp": facts(DecodedCapture(packets))})
    assert status is sample.check("one_client", port=161, servers=["server"]).status


def test_scan_without_its_capture_is_inconclusive() -> None:
    """Another capture of the exercise does not stand in for it."""
    sample = replace(scan_sample(), captures=["scan", "other"])
    outcome = sample.check("scan", capture="other", ports=4)
    assert (Status.INCONCLUSIVE, "other") == (outcome.status, outcome.found.values["capture"])


def test_scan_takes_a_ping_for_a_look() -> None:
    """An echo request for the server before the SYNs looks for the host; one after them does not."""
    ping = packet(1, CLIENT, SERVER, transport="icmp", icmp=Icmp(8, 0))
    syn = packet(2, f"{CLIENT}:61001", f"{SERVER}:22", "SYN")
    for packets, status, look in (((ping, syn), Status.PASSED, 1), ((syn, ping), Status.FAILED, 0)):
        outcome = Sample(["scan"], facts={"scan": shown(packets)}).check("scan", capture="scan", ports=1)
        assert (status, look) == (outcome.status, outcome.found.values["look"])


def test_one_client_names_hosts_that_the_lab_does_not_know() -> None:
    """By their addresses; such a server is not the expected one."""
    ways = (("192.0.2.1:40000", "192.0.2.2:161"), ("192.0.2.2:161", "192.0.2.1:40000"))
    packets = [packet(number, *way, transport="udp") for number, way in enumerate(ways, 1)]
    outcome = Sample(["snmp"], facts={"snmp": shown(packets)}).check(
        "one_client", port=161, servers=["server"]
    )
    assert Status.FAILED is outcome.status
    assert {"clients": ["192.0.2.1"], "servers": ["192.0.2.2"], "port": 161} == outcome.found.values
