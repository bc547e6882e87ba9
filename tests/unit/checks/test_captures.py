"""What captures by name show, and whether they are whole and made on this seat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.author import capture_edits, reference
from sharklab.checks.judge import outcome as judged
from sharklab.checks.kind import KINDS, Need
from sharklab.checks.outcome import Outcome, Reference, Status
from sharklab.evidence.packets import records
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.model import Facts
from sharklab.grading.marking.case import gather
from sharklab.lab.model import Check
from tests.support import report_run
from tests.support.checks_sample import DATA, Sample, said, shown, words
from tests.support.packets_sample import packet
from tests.support.packets_sample import shown as facts_of

OPEN = (
    packet(">", "SYN", seq=100),
    packet("<", "SYN", "ACK", seq=500, ack=101),
    packet(">", "ACK", seq=101, ack=501),
    packet(">", "PSH", "ACK", seq=101, ack=501, payload=6),
    packet("<", "ACK", seq=501, ack=107),
)


def of(facts: Facts, kind: str, **params: object) -> Outcome:
    """Return what a check says of the facts of one capture, which is called `one`."""
    return Sample(["one"], facts={"one": facts}).check(kind, **params)


@pytest.mark.parametrize(
    ("name", "packets"),
    [
        ("refused.pcap", "syn_rst"),
        ("drop.pcap", "syn_retries"),
        ("reject.pcap", "syn_icmp 3/13"),
        ("udp_reject.pcap", "udp_icmp"),
        ("halfclose.pcap", "handshake_fin"),
    ],
)
def test_knock_tells_the_pattern_of_a_capture(name: str, packets: str) -> None:
    """Recorded captures are what they were made to be, and not something else."""
    sample = Sample([name])
    assert Status.PASSED is sample.check("knock", capture=name, packets=packets).status
    wrong = sample.check("knock", capture=name, packets="synack_rst")
    assert (Status.FAILED, ["found", "wanted"]) == (wrong.status, sorted(wrong.found.values))
    assert "SYN, SYN/ACK, then RST" == str(wrong.found.values["wanted"])


def test_knock_on_a_capture_that_dropped_packets_is_inconclusive() -> None:
    """A pattern says that nothing else was there."""
    sample = Sample(["refused.pcap"], dropped=1)
    assert Status.INCONCLUSIVE is sample.check("knock", capture="refused.pcap", packets="syn_rst").status


def test_zero_reply_wants_a_fin_and_no_byte_of_the_server() -> None:
    """Data of the client and a FIN of the server; one byte of the server is too much."""
    fin = packet("<", "FIN", "ACK", seq=501, ack=107)
    found = of(facts_of([*OPEN, fin]), "zero_reply")
    assert (Status.PASSED, (4, 6)) == (found.status, found.evidence[0].packets)
    said = packet("<", "PSH", "ACK", seq=501, ack=107, payload=1)
    assert Status.FAILED is of(facts_of([*OPEN, said, fin]), "zero_reply").status
    assert Status.FAILED is of(facts_of(OPEN), "zero_reply").status


def test_snapped_wants_the_same_packets_and_a_lost_token() -> None:
    """Half a capture has lost the token where it is cut, and not where it is whole."""
    whole = shown("dns.pcap")
    cut = replace(whole, truncated=(1, 2))
    sample = Sample(["dns.pcap", "refused.pcap"], facts={"refused.pcap": cut})
    assert Status.PASSED is sample.check("snapped", capture="refused.pcap", whole="dns.pcap").status
    same = Sample(["dns.pcap"]).check("snapped", capture="dns.pcap", whole="dns.pcap")
    assert Status.FAILED is same.status
    assert Status.INCONCLUSIVE is sample.check("snapped", capture="none", whole="dns.pcap").status


def test_costlier_compares_packets() -> None:
    """More packets cost more; fewer do not."""
    sample = Sample(["ssh.pcap", "halfclose.pcap"])
    found = sample.check("costlier", capture="ssh.pcap", than="halfclose.pcap")
    assert Status.PASSED is found.status
    packets = len(shown("ssh.pcap").packets)
    assert words(found).startswith(f"ssh.pcap: {packets} packets and 1 connection for ")
    assert Status.FAILED is sample.check("costlier", capture="halfclose.pcap", than="ssh.pcap").status


def test_complete_does_not_claim_what_nobody_counted() -> None:
    """A capture that is handed in passes, and the finding says that dropped packets are not known."""
    counted = Sample(["ssh.pcap"]).check("complete")
    alone = Sample(["ssh.pcap"], counted=False).check("complete")
    assert (Status.PASSED, Status.PASSED) == (counted.status, alone.status)
    assert alone.found.msgid != counted.found.msgid


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
    assert {"strange": count, "untimely": 0} == outcome.found.values


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


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("knock", {"capture": "lost", "packets": "none"}),
        ("snapped", {"capture": "ssh.pcap", "whole": "lost"}),
        ("costlier", {"capture": "lost", "than": "ssh.pcap"}),
        ("costlier", {"capture": "ssh.pcap", "than": "lost"}),
    ],
)
def test_check_without_its_capture_is_inconclusive(kind: str, params: dict[str, str]) -> None:
    """The lost one is named, beside one that is whole."""
    outcome = Sample(["ssh.pcap", "lost"]).check(kind, **params)
    assert Status.INCONCLUSIVE is outcome.status
    assert {"capture": "lost"} == said(outcome)["The run left no capture {capture}."]


def test_zero_reply_fails_without_a_conversation() -> None:
    """A ping carries data, but neither end closes it."""
    assert Status.FAILED is Sample(["icmp.pcap"]).check("zero_reply").status


@pytest.mark.parametrize(
    ("sample", "status"),
    [
        (Sample(["short.pcap"]), Status.FAILED),
        (Sample(["ssh.pcap"], dropped=3), Status.FAILED),
        (Sample(["ssh.pcap"], facts={"ssh.pcap": replace(shown("ssh.pcap"), cut=True)}), Status.FAILED),
        (Sample(["ssh.pcap"]), Status.PASSED),
    ],
    ids=["short packets", "dropped packets", "no end", "whole"],
)
def test_complete_fails_on_any_flaw(sample: Sample, status: Status) -> None:
    """Each kind of gap is one."""
    assert status is sample.check("complete").status


def test_complete_names_the_packets_that_are_cut() -> None:
    """By their numbers, capture by capture."""
    facts = {"ssh.pcap": replace(shown("ssh.pcap"), truncated=(4, 6))}
    outcome = Sample(["ssh.pcap"], facts=facts).check("complete")
    assert (Reference(capture="ssh.pcap", packets=(4, 6)),) == outcome.evidence


@pytest.mark.parametrize(
    ("capture", "needs"),
    [("short", {Need.NOTHING_ELSE}), ("whole", {Need.NOTHING_ELSE, Need.TOKEN, Need.CONTENTS})],
)
def test_snapped_needs_the_token_in_the_whole_capture_alone(capture: str, needs: set[Need]) -> None:
    """Nothing else may be in either of them."""
    assert needs == KINDS["snapped"].needs_of({"capture": "short", "whole": "whole"}, capture)
