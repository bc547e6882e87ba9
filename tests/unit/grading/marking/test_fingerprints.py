"""Fingerprints: what stays of a capture when it is copied, shifted, filtered or rewritten."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets import records
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.model import Facts
from sharklab.evidence.packets.origin import CaptureOrigin
from sharklab.grading.marking import fingerprints
from sharklab.grading.marking.fingerprints import SAMPLE, CaptureFingerprint, fingerprint
from sharklab.grading.submission import manifest
from sharklab.grading.submission.model import Submission
from tests.support.packets_made import Tcp, Way, pcap
from tests.support.packets_sample import packet, shown

DATA = Path(__file__).parents[3] / "data"


def of(file: Path, facts: Facts | None = None) -> CaptureFingerprint:
    """Return the fingerprint of one capture, or of one that shows `facts`."""
    submission = Submission("tp4", "alice", "0a1b2c3d", file.parent, {"one": file})
    capture = RecordedCapture("one", "client", file)
    if facts:
        capture.facts = facts
    return fingerprint(submission, {"one": capture}).captures["one"]


def test_fingerprint_of_a_capture() -> None:
    """Its digest, its packets with their times, TCP numbers, addresses and words with the first packet."""
    found = of(DATA / "ssh.pcap")
    assert manifest.digest((DATA / "ssh.pcap").read_bytes()) == found.digest
    assert {"10.77.5.1": 1, "10.77.5.2": 1} == {
        name: number for name, number in found.addresses.items() if name.startswith("10.")
    }
    assert found.first <= min(found.frames.values()) <= max(found.frames.values()) <= found.last
    assert 0 < len(found.numbers) <= found.packets
    assert (0, 0, "") == (found.backward, found.gap, found.editor)


def test_fingerprint_of_a_file_that_is_no_capture(tmp_path: Path) -> None:
    """It has a digest and no packet; a file that cannot even be read has that of nothing."""
    prose = tmp_path / "prose.pcap"
    prose.write_text("I forgot")
    found = of(prose, shown([]))
    assert (0, manifest.digest(b"I forgot"), {}) == (found.packets, found.digest, found.frames)
    assert manifest.digest(b"") == of(tmp_path / "missing.pcap", shown([])).digest


def test_fingerprint_leaves_out_packets_for_many() -> None:
    """Neighbours may each have captured a broadcast; an address that is none does not stop it."""
    facts = RecordedCapture("ssh", "client", DATA / "ssh.pcap").facts
    for many in ("10.77.5.255", "224.0.0.1", "ff02::1"):
        others = [
            replace(each, destination=replace(each.destination, address=many)) for each in facts.packets
        ]
        assert {} == of(DATA / "ssh.pcap", replace(facts, packets=tuple(others))).frames
    named = [replace(each, source=replace(each.source, address="gateway")) for each in facts.packets]
    assert "gateway" not in of(DATA / "ssh.pcap", replace(facts, packets=tuple(named))).addresses


def test_fingerprint_shows_time_that_goes_backwards_and_missing_data() -> None:
    """The packet after each is named."""
    facts = shown([packet(">", "SYN", at=10.0), packet("<", "SYN", at=5.0)])
    first, second = facts.packets
    gap = replace(facts, packets=(first, replace(second, remarks=("lost_segment",))))
    found = of(DATA / "ssh.pcap", gap)
    assert (2, 2) == (found.backward, found.gap)


def test_fingerprint_has_a_limit() -> None:
    """No capture costs more than its sample."""
    many = shown(packet(">", "ACK", seq=n, ack=1) for n in range(1, SAMPLE + 100))
    assert SAMPLE == len(of(DATA / "ssh.pcap", many).numbers)


def test_fingerprint_names_the_program_that_wrote_a_pcapng(tmp_path: Path) -> None:
    """Wireshark's tools write their name into the first block; another program leaves no such name."""
    content = (DATA / "ntp.pcapng").read_bytes()
    other = tmp_path / "other.pcapng"
    other.write_bytes(re.sub(b"(?i)editcap", b"unknown", content))
    assert ("editcap", "") == (of(DATA / "ntp.pcapng", shown([])).editor, of(other, shown([])).editor)


@pytest.mark.parametrize(("digest", "changed"), [("right", ()), ("wrong", ("ssh.pcap",))])
def test_fingerprint_of_a_submission(digest: str, changed: tuple[str, ...]) -> None:
    """Answers by exercise and question, times, and the files that are not as they were signed."""
    file = DATA / "ssh.pcap"
    signed = {"right": manifest.digest(file.read_bytes()), "wrong": "0" * 64}[digest]
    submission = Submission(
        "tp4",
        "alice",
        "0a1b2c3d",
        DATA,
        {"ssh": file, "unread": DATA / "dns.pcap"},
        answers={"ssh": {"server_port": 22, "transport": "T" * 10_000}},
        manifest={"files": {"captures/ssh.pcap": signed}},
        begun=1.0,
        made=2.0,
    )
    found = fingerprint(submission, {"ssh": RecordedCapture("ssh", "client", file)})
    assert (["ssh"], changed, 1.0, 2.0) == (list(found.captures), found.changed, found.begun, found.made)
    assert "22" == found.answers["ssh.server_port"]
    assert len(found.answers["ssh.transport"]) < 10_000


def test_fingerprint_keeps_the_words_that_may_be_tokens(tmp_path: Path) -> None:
    """Ten letters or digits of base 32 by themselves, with the packet that shows them first."""
    assert "tok7f3a234" not in of(DATA / "ssh.pcap").words
    pcap = records.read(open_capture(DATA / "dns.pcap"))
    data = pcap.records[0].data[:42] + b"\x0atok7f3a234\x00"
    first = replace(pcap.records[0], data=data, length=len(data))
    records.write(tmp_path / "token.pcap", pcap.with_records((first, *pcap.records[1:])))
    assert 1 == of(tmp_path / "token.pcap").words["tok7f3a234"]


def test_fingerprint_has_the_cards_of_clients_that_a_maker_numbered(tmp_path: Path) -> None:
    """An address that no maker gave is that of a seat, and the server's is another computer's."""
    client, server = bytes.fromhex("080027010203"), bytes.fromhex("080027090909")
    seat = bytes.fromhex("020000000001")
    tcp = Tcp(Way("10.98.1.1", "10.98.1.2"), 50000, 443)
    other = Tcp(Way("10.98.1.3", "10.98.1.2"), 50001, 443)
    frames = [
        server + client + b"\x08\x00" + tcp.opening[0],
        client + server + b"\x08\x00" + tcp.opening[1],
        server + seat + b"\x08\x00" + other.opening[0],
    ]
    found = of(pcap(tmp_path / "one.pcap", 1, frames, "<", 1000))
    assert (("08:00:27:01:02:03",), "") == (found.cards, found.hardware)


@pytest.mark.parametrize(("system", "named"), [("Linux 6.1", "A, Linux 6.1, Dumpcap"), ("", "")])
def test_fingerprint_names_the_recorder_and_comments(
    system: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder has three names; a comment of one word is nobody's own."""
    told = CaptureOrigin("A", system, "Dumpcap", comments=("my capture", "the second try, at home"))
    monkeypatch.setattr(fingerprints, "read_origin", lambda content: told)
    found = of(DATA / "ssh.pcap")
    assert ("A", named, ("the second try, at home",)) == (found.hardware, found.recorder, found.comments)
