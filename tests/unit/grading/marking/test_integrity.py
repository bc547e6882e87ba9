"""What is pointed out in a class: the same capture twice, others' values, other times, signs of editing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets import container
from sharklab.grading.marking import integrity
from sharklab.grading.marking.fingerprints import CaptureFingerprint, SubmissionFingerprint, fingerprint
from sharklab.grading.marking.integrity import ComparedSubmission
from sharklab.grading.submission.model import Seal, Submission
from sharklab.message import N_
from tests.support import submission_sample as sample

DATA = Path(__file__).parents[3] / "data"
SEATS = {name: sample.plan(name).seat for name in ("alice", "bob", "carol")}
NO_TRACES = SubmissionFingerprint()
NO_MANIFEST: Mapping[str, object] = {}
Make = Callable[[Path, Path], None]


def handed(
    student: str, kept: SubmissionFingerprint = NO_TRACES, seal: Seal = Seal.WHOLE
) -> ComparedSubmission:
    """Return what a student handed in."""
    return ComparedSubmission(student, SEATS[student], seal, kept)


def trace(
    student: str, file: Path, capture: str = "ssh", manifest: Mapping[str, object] = NO_MANIFEST
) -> ComparedSubmission:
    """Return a student who handed in `file` as a capture."""
    submission = Submission(
        "tp4", student, SEATS[student].id, file.parent, {capture: file}, manifest=manifest
    )
    return ComparedSubmission(
        student,
        SEATS[student],
        Seal.WHOLE,
        fingerprint(submission, {capture: RecordedCapture(capture, "client", file)}),
    )


def kinds(*group: ComparedSubmission) -> dict[str, list[str]]:
    """Return the kinds of remarks on each student."""
    return {name: [each.kind for each in found] for name, found in integrity.remarks(group).items()}


def said(*group: ComparedSubmission) -> dict[str, list[str]]:
    """Return the words of remarks on each student."""
    return {name: [str(each.said) for each in found] for name, found in integrity.remarks(group).items()}


def run(*words: str | Path) -> None:
    """Run one of Wireshark's tools."""
    subprocess.run(words, check=True, capture_output=True)


def save_again(source: Path, target: Path) -> None:
    """Write the same packets as pcap with nanoseconds."""
    run("editcap", "-F", "nsecpcap", source, target)


def shift(source: Path, target: Path) -> None:
    """Move every packet by an hour."""
    run("editcap", "-F", "pcap", "-t", "3600.25", source, target)


def keep_some(source: Path, target: Path) -> None:
    """Keep eleven packets in the middle."""
    run("editcap", "-F", "pcap", "-r", source, target, "10-20")


def cut_packets(source: Path, target: Path) -> None:
    """Keep the first 80 bytes of each packet."""
    run("editcap", "-F", "pcap", "-s", "80", source, target)


def rewrite(source: Path, target: Path) -> None:
    """Give every host another address, as a copyist would who knows their seat, and move the packets."""
    moved = target.with_suffix(".moved")
    shift(source, moved)
    content = bytearray(moved.read_bytes())
    for offset, length in container.open_capture(moved).packets:
        content[offset : offset + 12] = bytes(12)
        frame = content[offset : offset + length]
        content[offset : offset + length] = frame.replace(b"\x0a\x4d\x05", b"\x0a\x63\x07")
    target.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (save_again, integrity.SAME_PACKETS),
        (keep_some, integrity.SAME_PACKETS),
        (cut_packets, integrity.SAME_PACKETS),
        (shift, integrity.RETIMED),
        (rewrite, integrity.REWRITTEN),
    ],
)
def test_remarks_find_a_copied_capture(tmp_path: Path, make: Make, kind: str) -> None:
    """Saved again, filtered, cut, moved in time, with other addresses: both students are pointed out."""
    make(DATA / "ssh.pcap", tmp_path / "mine.pcap")
    found = kinds(trace("alice", DATA / "ssh.pcap"), trace("bob", tmp_path / "mine.pcap"))
    assert (kind, kind) == (found["alice"][0], found["bob"][0])


def test_remarks_find_the_same_file() -> None:
    """The very same bytes, even as another capture; the other student is named."""
    group = (
        trace("alice", DATA / "ssh.pcap"),
        trace("bob", DATA / "ssh.pcap", "web"),
        trace("carol", DATA / "nfs.pcap"),
    )
    found = integrity.remarks(group)
    assert ["the same files as bob: ssh (web) [46]"] == [str(each.said) for each in found["alice"]]
    assert [("alice",)] == [each.others for each in found["bob"]]
    assert () == found["carol"]


def test_remarks_are_silent_on_different_captures() -> None:
    """Two captures of the same kind have nothing in common."""
    group = (
        trace("alice", DATA / "ssh.pcap"),
        trace("bob", DATA / "ssh6.pcap"),
        trace("carol", DATA / "voice.pcap"),
    )
    assert {"alice": [], "bob": [], "carol": []} == kinds(*group)


def test_remarks_find_every_packet_of_a_cut_capture(tmp_path: Path) -> None:
    """What a snap length took away does not hide a packet."""
    cut_packets(DATA / "ssh.pcap", tmp_path / "mine.pcap")
    found = said(trace("alice", DATA / "ssh.pcap"), trace("bob", tmp_path / "mine.pcap", "ssh"))
    assert ["the same packets as alice, at the same times: ssh [46]"] == found["bob"]


def test_remarks_are_silent_on_two_captures_of_one_student() -> None:
    """The same traffic on two hosts is two captures of the same packets."""
    copy = CaptureFingerprint("a", 3, frames={"x": 1.0, "y": 2.0, "z": 3.0})
    assert {"alice": [], "bob": []} == kinds(
        handed("alice", SubmissionFingerprint({"here": copy, "there": copy})), handed("bob")
    )


def test_remarks_stay_cheap_when_everybody_copies() -> None:
    """A capture that all have is one group, not a comparison for each packet and pair."""
    frames = {f"{number:016x}": float(number) for number in range(1000)}
    copy = CaptureFingerprint("0" * 64, 1000, 0.0, 999.0, frames=frames)
    group = [
        ComparedSubmission(f"s{number}", SEATS["alice"], Seal.WHOLE, SubmissionFingerprint({"web": copy}))
        for number in range(120)
    ]
    assert 119 == len(integrity.remarks(group)["s0"])


def test_remarks_need_more_than_one_packet_of_many() -> None:
    """Two packets in common of larger captures are no copy; all of a small one are."""
    many = {f"{number:016x}": float(number) for number in range(9)}
    few = dict(list(many.items())[:2])
    large = replace(CaptureFingerprint("a", 9, frames=many), digest="a")
    other = CaptureFingerprint("b", 9, frames={**few, "x": 1.0, "y": 2.0})
    small = CaptureFingerprint("c", 2, frames=few)
    assert {"alice": [], "bob": []} == kinds(
        handed("alice", SubmissionFingerprint({"web": large})),
        handed("bob", SubmissionFingerprint({"web": other})),
    )
    assert {"alice": ["same_packets"], "bob": ["same_packets"]} == kinds(
        handed("alice", SubmissionFingerprint({"web": large})),
        handed("bob", SubmissionFingerprint({"web": small})),
    )


def test_remarks_name_whose_address_is_in_a_capture() -> None:
    """Addresses of another seat, with the packets that show them."""
    server = SEATS["bob"].addresses["server"]["lan"]
    found = {str(server.ipv4.ip): 3, str(server.ipv6.ip): 7, "192.0.2.1": 1}
    group = (
        handed("alice", SubmissionFingerprint({"web": CaptureFingerprint("a", 9, addresses=found)})),
        handed("bob"),
    )
    [remark] = integrity.remarks(group)["alice"]
    assert ("others_address", ("bob",), (3, 7)) == (remark.kind, remark.others, remark.evidence[0].packets)


def test_remarks_are_silent_on_own_values() -> None:
    """A student's own addresses and token are what should be there."""
    own = SEATS["alice"]
    found = {str(at.ipv4.ip): 1 for places in own.addresses.values() for at in places.values()}
    answers = {"web.server_address": str(own.addresses["server"]["lan"].ipv4.ip), "dns.name": own.domain}
    capture = CaptureFingerprint("a", 9, addresses=found, words={own.token: 2})
    mine = handed("alice", SubmissionFingerprint({"web": capture}, answers))
    assert {"alice": [], "bob": []} == kinds(mine, handed("bob"))


def test_remarks_are_silent_on_values_of_the_own_group() -> None:
    """Members of one group share a submission; a member of another group is told with the owner's name."""
    places = [str(at.ipv4.ip) for at in SEATS["bob"].addresses["client"].values()]
    found = SubmissionFingerprint(
        {
            "ssh": CaptureFingerprint(
                "1", 9, addresses=dict.fromkeys(places, 1), words={SEATS["bob"].token: 2}
            )
        },
        answers={"ssh.server_address": places[0]},
    )
    alone = kinds(handed("alice", found), handed("bob"))
    assert ["others_address", "others_token", "others_answer"] == alone["alice"]
    partners = replace(handed("alice", found), partners=(SEATS["bob"],))
    assert [] == kinds(partners)["alice"]
    other = replace(handed("alice"), partners=(SEATS["bob"],))
    assert {("bob",)} == {each.others for each in integrity.remarks([other, handed("carol", found)])["carol"]}


def test_remarks_name_whose_token_is_in_a_capture(tmp_path: Path) -> None:
    """The token is found in the bytes of a packet, as DNS writes it."""
    content = (DATA / "dns.pcap").read_bytes()
    at = container.open_capture(DATA / "dns.pcap").packets[2][0] + 42
    token = b"\x0a" + SEATS["bob"].token.upper().encode() + b"\x03"
    (tmp_path / "dns.pcap").write_bytes(content[:at] + token + content[at + len(token) :])
    group = trace("alice", tmp_path / "dns.pcap"), handed("bob")
    [remark] = [each for each in integrity.remarks(group)["alice"] if each.kind == "others_token"]
    assert (("bob",), (3,)) == (remark.others, remark.evidence[0].packets)


@pytest.mark.parametrize("value", ["{ip}", " {ip} ", "http://{token}.tp4.test/", "{upper}"])
def test_remarks_name_whose_value_an_answer_is(value: str) -> None:
    """Addresses and tokens of others, however they are written."""
    own = SEATS["bob"]
    ip = own.addresses["client"]["lan"].ipv4.ip
    answer = value.format(ip=ip, token=own.token, upper=own.token.upper())
    group = handed("alice", SubmissionFingerprint(answers={"web.client_address": answer})), handed("bob")
    assert {"alice": ["others_answer"], "bob": []} == kinds(*group)


def test_remarks_of_a_whole_submission_are_few() -> None:
    """What is copied whole is one remark of each kind, not one for each capture."""
    own = SEATS["alice"]
    ip = str(own.addresses["server"]["lan"].ipv4.ip)
    seen = {
        name: CaptureFingerprint(name, 9, addresses={ip: 1}, words={own.token: 2}) for name in ("web", "mail")
    }
    whole = SubmissionFingerprint(seen, {"web.server_address": ip, "mail.server_address": ip})
    group = handed("alice", whole), handed("bob", whole)
    assert ["the same files as bob: mail [9], web [9]"] == said(*group)["alice"]
    assert [
        "the same files as alice: mail [9], web [9]",
        "addresses of alice's seat are in: web, mail",
        "the token of alice's seat is in: web, mail",
        "values of alice's seat are the answers to: web.server_address, mail.server_address",
    ] == said(*group)["bob"]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (1000.0, 2000.0, []),
        (701.0, 2299.0, []),
        (699.0, 2000.0, ["x begins before the seat was first up"]),
        (1000.0, 2301.0, ["x ends after the submission was packed"]),
    ],
)
def test_remarks_find_captures_of_another_time(first: float, last: float, expected: list[str]) -> None:
    """A capture is made between the seat's beginning and the packing, give or take five minutes."""
    capture = CaptureFingerprint("a", 9, first, last)
    assert (
        expected
        == said(handed("alice", SubmissionFingerprint({"x": capture}, begun=1000.0, made=2000.0)))["alice"]
    )


def test_remarks_know_no_time_of_an_undated_submission() -> None:
    """Without a beginning and an end nothing is outside them."""
    assert (
        []
        == said(handed("alice", SubmissionFingerprint({"x": CaptureFingerprint("a", 9, 1.0, 2.0)})))["alice"]
    )


def test_remarks_tell_what_was_changed_after_signing(tmp_path: Path) -> None:
    """The manifest names the content of each capture that was signed."""
    files = {"captures/ssh.pcap": "0" * 64}
    found = trace("alice", DATA / "ssh.pcap", manifest={"files": files})
    assert ["changed after it was signed: ssh.pcap"] == said(replace(found, seal=Seal.BROKEN))["alice"]


def test_remarks_tell_of_a_seal_that_does_not_fit() -> None:
    """A foreign signature, and none at all."""
    assert {"alice": ["edited"], "bob": ["unsigned"]} == kinds(
        handed("alice", seal=Seal.BROKEN), handed("bob", seal=Seal.NONE)
    )


def test_remarks_ask_for_no_seal_without_seats() -> None:
    """Nobody has a key to sign with."""
    assert {"bob": []} == kinds(replace(handed("bob", seal=Seal.NONE), without_seats=True))


def test_remarks_tell_what_captures_say_of_editing(tmp_path: Path) -> None:
    """A program's name in the file, time that goes back, data that is missing in the middle."""
    run("editcap", "-F", "pcapng", DATA / "ssh.pcap", tmp_path / "named.pcapng")
    run("editcap", "-F", "pcap", DATA / "ssh.pcap", tmp_path / "gap.pcap", "12-16")
    shift(DATA / "ssh.pcap", tmp_path / "late.pcap")
    run(
        "mergecap",
        "-F",
        "pcap",
        "-a",
        "-w",
        tmp_path / "back.pcap",
        tmp_path / "late.pcap",
        DATA / "ssh.pcap",
    )
    found = {
        name: [each.said.msgid for each in integrity.remarks([trace("alice", tmp_path / name)])["alice"]]
        for name in ("named.pcapng", "gap.pcap", "back.pcap")
    }
    assert [N_("{capture} was saved by {program}")] == found["named.pcapng"]
    assert [N_("{capture} lacks packets in the middle: filtered, or never captured")] == found["gap.pcap"]
    assert N_("the packet times of {capture} go backwards") in found["back.pcap"]


def test_traces_of_an_unreadable_capture_are_empty(tmp_path: Path) -> None:
    """What is no capture has a digest and nothing else."""
    (tmp_path / "ssh.pcap").write_bytes(b"no capture")
    submission = Submission("tp4", "alice", "", tmp_path, {"ssh": tmp_path / "ssh.pcap"})
    found = fingerprint(submission, {"ssh": RecordedCapture("ssh", "client", tmp_path / "ssh.pcap")})
    assert (0, {}, ()) == (
        found.captures["ssh"].packets,
        found.captures["ssh"].frames,
        found.captures["ssh"].numbers,
    )


def test_remarks_tell_where_captures_were_recorded() -> None:
    """The comparison of cards and computers is one of several."""
    own = SubmissionFingerprint({"web": CaptureFingerprint("a", 9, cards=("08:00:27:01:02:03",))})
    other = SubmissionFingerprint({"web": replace(own.captures["web"], digest="b")})
    found = kinds(handed("alice", own), handed("bob", other))
    assert {"alice": ["same_card"], "bob": ["same_card"]} == found
