"""The sources of an answer: captures, sockets of both hosts, commands, and the plan."""

from __future__ import annotations

from dataclasses import replace

from sharklab.checks.outcome import Reference, Status
from sharklab.lab.model import Conversation
from tests.support.checks_sample import Sample, result

DNS = Sample(["dns.pcap"], Conversation("client", "server", "udp", 53))


def test_judge_takes_the_dns_server_that_dig_names() -> None:
    """What a command printed is a source, too."""
    printed = ";; Query time: 0 msec\n;; SERVER: 10.77.5.2#53(10.77.5.2) (UDP)\n"
    answer = replace(DNS, results=[result(stdout=printed)]).ask("dns_server_address")
    assert ("10.77.5.2", Status.PASSED) == (answer.value, answer.status)
    assert Reference(probe="probe", host="client") in answer.evidence
