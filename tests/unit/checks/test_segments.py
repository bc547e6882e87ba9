"""Checks of how a conversation went, and of captures: whole, and made on this seat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.author import capture_edits, reference
from sharklab.checks.judge import outcome as judged
from sharklab.checks.outcome import Outcome, Status
from sharklab.evidence.packets import records
from sharklab.evidence.packets.container import open_capture
from sharklab.grading.marking.case import gather
from sharklab.lab.model import Check
from tests.support import report_run
from tests.support.checks_sample import DATA, Sample, shown, words


@pytest.mark.parametrize(
    ("name", "kind", "params", "status", "found"),
    [
        ("ssh.pcap", "opening", {"to": "ack"}, "passed", "Packets of the opening: 1, 2, 3."),
        ("refused.pcap", "opening", {"to": "syn"}, "passed", "Packets of the opening: 1."),
        ("refused.pcap", "opening", {"to": "syn_ack"}, "failed", "Packets of the opening: 1."),
        ("voice.pcap", "opening", {"to": "syn"}, "failed", "Packets of the opening: -."),
        ("refused.pcap", "reset", {"by": "server"}, "passed", "The server sends the RST (packet 2)."),
        ("refused.pcap", "reset", {"by": "client"}, "failed", "The server sends the RST (packet 2)."),
        ("nfs.pcap", "reset", {"by": "client"}, "passed", "The client sends the RST (packet 40)."),
        ("ssh.pcap", "reset", {"by": "client"}, "failed", "No packet has a RST."),
        ("ssh.pcap", "retransmitted", {"least": 1}, "failed", "Retransmissions: -."),
        ("ssh.pcap", "payload", {"contains": "ssh-2.0"}, "passed", "Packets with the text: 4, 6."),
        ("ssh.pcap", "payload", {"contains": "HTTP/1.1"}, "failed", "Packets with the text: -."),
        ("ssh.pcap", "complete", {}, "passed", "tcpdump dropped no packet, and every packet is whole."),
        ("short.pcap", "complete", {}, "failed", None),
    ],
)
def test_check_of_a_conversation(
    name: str, kind: str, params: dict[str, Any], status: str, found: str | None
) -> None:
    """What is asked of the packets, and the numbers of those that tell."""
    outcome = Sample([name]).check(kind, **params)
    assert status == outcome.status
    assert found in (words(outcome), None)


def test_retries_pass_where_nobody_answers() -> None:
    """The SYN is sent again and again; newer kernels begin with equal intervals."""
    outcome = Sample(["drop.pcap"]).check("retries", least=3)
    assert Status.PASSED is outcome.status
    assert "The client sends 4 SYNs; seconds between them: 1.0, 1.0, 1.0." == words(outcome)


@pytest.mark.parametrize(("name", "least"), [("drop.pcap", 4), ("refused.pcap", 1), ("ssh.pcap", 1)])
def test_retries_fail_where_there_are_too_few_or_an_answer(name: str, least: int) -> None:
    """Fewer than asked, a refusal, a connection."""
    assert Status.FAILED is Sample([name]).check("retries", least=least).status


def test_retries_fail_where_intervals_shrink() -> None:
    """Somebody who tries again by hand is no kernel that backs off."""
    drop = shown("drop.pcap")
    first, times = drop.packets[0].time, {1: 0.0, 2: 3.0, 3: 4.0, 8: 4.5}
    moved = tuple(replace(p, time=first + times.get(p.number, 0.0)) for p in drop.packets)
    sample = Sample(["drop.pcap"], facts={"drop.pcap": replace(drop, packets=moved)})
    assert Status.FAILED is sample.check("retries", least=3).status


def test_retransmitted_names_the_packets() -> None:
    """As tshark finds them."""
    seen = [packet.number for packet in shown("drop.pcap").packets if "retransmission" in packet.remarks]
    outcome = Sample(["drop.pcap"]).check("retransmitted", least=3)
    assert (Status.PASSED, [2, 3, 8]) == (outcome.status, seen)
    assert (2, 3, 8) == outcome.evidence[0].packets


def test_complete_does_not_claim_what_nobody_counted() -> None:
    """A capture that is handed in passes, and the finding says that dropped packets are not known."""
    counted = Sample(["ssh.pcap"]).check("complete")
    alone = Sample(["ssh.pcap"], counted=False).check("complete")
    assert (Status.PASSED, Status.PASSED) == (counted.status, alone.status)
    assert alone.found.msgid != counted.found.msgid
    assert "does not tell" in alone.found.msgid


def made_here(folder: Path, seconds: int = 0, mac: str = "", dated: bool = True) -> Outcome:
    """Return what is said of the SSH capture, so many seconds later, where all cards have another address."""
    report_run.seal(folder, ["ssh"])
    plan, handed = reference.reference(folder)
    start = shown("ssh.pcap").packets[0].time
    moved = folder / "moved.pcap"
    records.write(moved, capture_edits.later(records.read(open_capture(DATA / "ssh.pcap")), seconds))
    if mac:
        addresses = {
            host: {name: replace(at, mac=mac) for name, at in places.items()}
            for host, places in plan.seat.addresses.items()
        }
        plan = replace(plan, seat=replace(plan.seat, addresses=addresses))
    begun = start - 10 if dated else 0.0
    [case] = gather(plan, replace(handed, captures={"ssh": moved}, begun=begun, made=start + 1000))
    return judged(case.context, Check("made_here"))


def test_made_here_fails_on_other_cards(tmp_path: Path) -> None:
    """No frame has an address of the seat's cards."""
    outcome = made_here(tmp_path, mac="02:11:22:33:44:55")
    count = len(shown("ssh.pcap").packets)
    assert Status.FAILED is outcome.status
    assert f"Packets of other network cards: {count}; recorded while the seat was not up: 0." == words(
        outcome
    )


def own_card() -> str:
    """Return the address of the card that recorded the SSH capture."""
    return records.read(open_capture(DATA / "ssh.pcap")).records[0].data[6:12].hex(":")


def test_made_here_passes_on_its_own_cards_in_its_time(tmp_path: Path) -> None:
    """Each frame has the card's address at one of its ends."""
    assert Status.PASSED is made_here(tmp_path, mac=own_card()).status


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_made_here_fails_before_and_after(tmp_path: Path, seconds: int) -> None:
    """An hour before the seat began, an hour after it was handed in."""
    outcome = made_here(tmp_path, seconds, mac=own_card())
    assert Status.FAILED is outcome.status
    assert (0, 46) == (outcome.found.values["strange"], outcome.found.values["untimely"])


def test_made_here_without_times_is_inconclusive(tmp_path: Path) -> None:
    """Nobody knows when the seat was up."""
    assert Status.INCONCLUSIVE is made_here(tmp_path, mac=own_card(), dated=False).status
