"""What keeps a capture from showing everything is said, with its count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sharklab.checks.flaws import flaws_of, join_messages
from sharklab.checks.outcome import Status
from sharklab.evidence.packets.model import Facts
from sharklab.message import Message
from tests.support.checks_sample import Sample, said, shown, words


def test_flaws_name_the_reason_of_a_missing_capture() -> None:
    """The reader learns which capture is missing, or what is wrong with it."""
    broken = Sample(["ssh.pcap"], facts={"ssh.pcap": Facts(problem=Message("the capture is empty"))})
    assert "The capture ssh.pcap cannot be read: the capture is empty." == words(broken.check("fin"))
    assert "The run left no capture missing.pcap." == words(Sample(["missing.pcap"]).check("fin"))


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        (
            Sample(["nfs.pcap"], facts={"nfs.pcap": replace(shown("nfs.pcap"), cut=True)}),
            {"The capture {capture} is cut short.": {"capture": "nfs.pcap"}},
        ),
        (
            Sample(["nfs.pcap"], dropped=7),
            {
                "tcpdump dropped packets of the capture {capture} ({count}).": {
                    "capture": "nfs.pcap",
                    "count": "7",
                }
            },
        ),
        (
            Sample(["short.pcap"]),
            {
                "The capture {capture} kept only the beginning of packets ({count}).": {
                    "capture": "short.pcap",
                    "count": "41",
                }
            },
        ),
    ],
)
def test_flaws_make_an_outcome_inconclusive(sample: Sample, found: Mapping[str, Mapping[str, str]]) -> None:
    """A FIN that is not in a flawed capture may have been there."""
    outcome = sample.check("fin")
    assert Status.INCONCLUSIVE is outcome.status
    assert found.items() <= said(outcome).items()


@pytest.mark.parametrize(
    ("name", "truncated", "of_headers", "of_contents"),
    [("ssh.pcap", (4, 5), [], ["2"]), ("short.pcap", None, ["41"], ["41"])],
)
def test_flaws_count_cut_packets(
    name: str, truncated: tuple[int, ...] | None, of_headers: list[str], of_contents: list[str]
) -> None:
    """A check of headers needs no more than these; a cut may have taken them, too."""
    facts = shown(name) if truncated is None else replace(shown(name), truncated=truncated)
    context = Sample([name], facts={name: facts}).context()
    for contents, expected in ((False, of_headers), (True, of_contents)):
        assert expected == [flaw.values["count"] for flaw in flaws_of(context, contents)]


def test_flaws_of_a_whole_capture_are_none() -> None:
    """Nothing is said of what is as it should be."""
    assert [] == list(flaws_of(Sample(["ssh.pcap"]).context(), contents=True))


def test_listed_says_each_sentence_in_its_order() -> None:
    """One is itself."""
    one, two, three = map(Message, ("One.", "Two.", "Three."))
    assert ("One.", "One. Two. Three.") == (str(join_messages((one,))), str(join_messages((one, two, three))))
