"""What is not on the wire: it is shown only by captures that are whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks.outcome import Reference, Status
from sharklab.evidence.packets.model import Facts
from tests.support.checks_sample import Sample, words

PING = "icmp.pcap"


def test_unseen_passes_when_the_capture_is_empty() -> None:
    """Beside a capture that shows the exercise's own packets."""
    sample = Sample([PING, "ssh.pcap"], facts={PING: Facts()})
    outcome = sample.check("unseen", capture=PING)
    assert (Status.PASSED, "Packets in the capture icmp.pcap: 0.") == (outcome.status, words(outcome))


def test_unseen_fails_on_a_packet() -> None:
    """All of them are named."""
    outcome = Sample([PING, "ssh.pcap"]).check("unseen", capture=PING)
    assert Status.FAILED is outcome.status
    assert (Reference(capture=PING, packets=tuple(range(1, 11))),) == outcome.evidence


@pytest.mark.parametrize("dropped", [0, 1])
def test_unseen_is_inconclusive_without_a_whole_capture(dropped: int) -> None:
    """A capture that is not there, or that lost packets, proves nothing."""
    facts = {PING: Facts()} if dropped else {}
    sample = Sample(["nowhere.pcap", "ssh.pcap"] if not dropped else [PING, "ssh.pcap"], facts=facts)
    name = sample.captures[0]
    assert Status.INCONCLUSIVE is replace(sample, dropped=dropped).check("unseen", capture=name).status


@pytest.mark.parametrize(("name", "status"), [("ssh.pcap", Status.PASSED), ("dns.pcap", Status.FAILED)])
def test_hidden_looks_for_the_token(name: str, status: Status) -> None:
    """SSH hides it, DNS does not."""
    assert status is Sample([name]).check("hidden").status
