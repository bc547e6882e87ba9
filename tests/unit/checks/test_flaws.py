"""What keeps a capture from showing everything is said, with its count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks.outcome import Status
from sharklab.evidence.packets.model import Facts
from sharklab.message import Message
from tests.support.checks_sample import Sample, shown, words


def test_judge_says_why_a_capture_is_not_there() -> None:
    """The reader learns which capture is missing, or what is wrong with it."""
    broken = Sample(["ssh.pcap"], facts={"ssh.pcap": Facts(problem=Message("the capture is empty"))})
    assert "The capture ssh.pcap cannot be read: the capture is empty." == words(broken.check("fin"))
    assert "The run left no capture missing.pcap." == words(Sample(["missing.pcap"]).check("fin"))


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        (
            Sample(["nfs.pcap"], facts={"nfs.pcap": replace(shown("nfs.pcap"), cut=True)}),
            "The capture nfs.pcap is cut short.",
        ),
        (Sample(["nfs.pcap"], dropped=7), "tcpdump dropped packets of the capture nfs.pcap (7)."),
        (Sample(["short.pcap"]), "The capture short.pcap kept only the beginning of packets (41)."),
    ],
)
def test_judge_is_inconclusive_when_the_capture_lacks_something(sample: Sample, found: str) -> None:
    """A FIN that is not in a flawed capture may have been there."""
    outcome = sample.check("fin")
    assert Status.INCONCLUSIVE is outcome.status
    assert words(outcome).endswith(found)
