"""The verbs around a student's work, as they are typed: with real captures, and tshark to read them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sharklab.checks import KINDS
from sharklab.cli import flow, main
from sharklab.grading.submission import bundle
from sharklab.grading.submission.model import Seal
from sharklab.lab import diary, seat
from tests.support import packets_made
from tests.support import submission_sample as sample


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder, with a state of one's own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


LATE = "The connection is in your capture, but not its first packets"


def begun_late() -> None:
    """Hand in an SSH connection of alice's seat that was open when the capture began."""
    call("form", "tp4")
    own = flow.prepare("tp4", "alice").seat
    desktop, server = (str(own.address(name, "lan").ipv4.ip) for name in ("desktop", "server"))
    packets = packets_made.exchange(packets_made.Tcp(packets_made.Way(desktop, server), 40_000, 60_000))[3:]
    frames = [packets_made.LINKS["ethernet"].wrap(packet, "<") for packet in packets]
    packets_made.pcap(Path("tp4/captures/ssh.pcap"), 1, frames, "<", 1000)


def call(*words: str) -> int:
    """Run a command for alice."""
    return main.main([*words, "--student", "alice"])


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run a command for alice and return what it tells a script."""
    capsys.readouterr()
    call(*words, "--output", "json")
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def test_submit_packs_what_check_looks_at(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """From the form to one file: it says what is in it, and the instructor finds it whole."""
    assert 0 == call("form", "tp4")
    shutil.copy(sample.DATA / "ssh.pcap", "tp4/captures")
    Path("tp4/captures/dns.pcap").write_text("no capture")
    content = answered(capsys, "submit", "tp4")
    assert ["dns", "ssh"] == content["captures"]
    assert ["web", "mail", "chat", "time", "voice", "nfs"] == content["missing"]
    assert {"given": 0, "asked": 31} == content["answers"]
    refused = [
        {"file": "captures/dns.pcap", "reason": "the file is a text, not a capture; it begins: no capture"}
    ]
    assert refused == content["problems"]
    found = bundle.unpack(Path("tp4-alice.sharklab"), tmp_path / "unpacked")
    own = flow.prepare("tp4", "alice").seat
    assert ("tp4", "alice", own.id, Seal.WHOLE) == (found.lab, found.student, found.seat, found.seal)


def test_submit_tells_people_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """What is in the file, what is missing, and where it lies."""
    call("form", "tp4")
    shutil.copy(sample.DATA / "ssh.pcap", "tp4/captures")
    capsys.readouterr()
    assert 0 == call("submit", "tp4", "-o", "mine.sharklab")
    lines = capsys.readouterr().out.splitlines()
    assert "Captures: ssh" == lines[0]
    assert "Missing captures: web, mail, chat, time, voice, nfs, dns" == lines[1]
    assert lines[-1].startswith("Hand in this file: mine.sharklab (")


def test_submit_says_when_the_seat_began_and_which_hints_were_taken(tmp_path: Path) -> None:
    """The manifest has what a course may ask for; times are of this machine."""
    own = flow.prepare("tp4", "alice").seat
    diary.begin(own)
    diary.take_hint(own, "ssh/fin")
    call("form", "tp4")
    call("submit", "tp4")
    found = bundle.unpack(Path("tp4-alice.sharklab"), tmp_path / "unpacked")
    assert ["ssh/fin"] == found.manifest["hints"]
    assert 0 < diary.begun(own) == found.begun <= found.made


def test_check_says_what_is_missing_and_gives_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a wrong answer it is said that it is wrong; the value that the packets show is nowhere."""
    call("form", "tp4")
    Path("tp4/answers.yml").write_text("ssh:\n  server_port: 2222\n  transport: UDP\n")
    shutil.copy(sample.DATA / "ssh.pcap", "tp4/captures")
    capsys.readouterr()
    assert 1 == call("check", "tp4")
    told = capsys.readouterr().out
    assert "✗ II.1  An SSH connection" in told
    assert "Not handed in: dns." in told
    local_port = "57142"
    assert local_port.encode() not in Path("tp4/answers.yml").read_bytes()
    assert local_port not in told and " 22 " not in told


def test_check_says_what_was_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip in a name is told with the name that was meant, in the student's language."""
    call("form", "tp4")
    shutil.copy(sample.DATA / "ssh.pcap", "tp4/captures/shh.pcap")
    capsys.readouterr()
    call("check", "tp4", "--lang", "fr")
    assert "! captures/shh.pcap: le TP ne demande pas cette capture; vouliez-vous dire ssh ?" in (
        capsys.readouterr().out
    )


def test_check_of_a_hint_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A hint is noted only when there is one."""
    call("form", "tp4")
    assert 2 == call("check", "tp4", "--hint", "ssh/none")
    assert "there is no hint for 'ssh/none' now" in capsys.readouterr().err
    assert () == diary.hints(flow.prepare("tp4", "alice").seat)


def test_check_names_a_hint_and_keeps_it_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Until it is taken it is nowhere, for scripts neither; where else to look is told at once."""
    begun_late()
    content = answered(capsys, "check", "tp4", "--lang", "en")
    assert "ssh/handshake" in content["hints"]
    assert LATE not in json.dumps(content)
    call("check", "tp4", "--lang", "en")
    told = " ".join(capsys.readouterr().out.split())
    assert f"→ {KINDS['handshake'].look}" in told
    assert "→ there is a hint: --hint ssh/handshake" in told


def test_check_shows_a_hint_from_when_it_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Who took it once reads it again without asking, as long as the situation is there."""
    begun_late()
    capsys.readouterr()
    call("check", "tp4", "--lang", "en", "--hint", "ssh/handshake")
    assert LATE in capsys.readouterr().out
    assert ("ssh/handshake",) == diary.hints(flow.prepare("tp4", "alice").seat)
    call("check", "tp4", "--lang", "en")
    told = capsys.readouterr().out
    assert LATE in told
    assert "--hint ssh/handshake" not in told


def test_check_offers_no_hint_that_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody takes a hint that has nothing to say: here nothing was handed in."""
    call("form", "tp4")
    assert [] == answered(capsys, "check", "tp4")["hints"]
    assert 2 == call("check", "tp4", "--hint", "ssh/handshake")


def test_check_needs_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the form, it says how to make it."""
    assert 2 == call("check", "tp4")
    assert "make it with: sharklab form tp4" in capsys.readouterr().err


def test_report_of_a_folder_shows_the_students_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Their answers and their packets, in each language, beside their work; nothing of a run."""
    call("form", "tp4")
    Path("tp4/answers.yml").write_text("ssh:\n  server_port: 4242\n  transport: tcp\n")
    shutil.copy(sample.DATA / "ssh.pcap", "tp4/captures")
    assert 0 == call("report", "tp4", "--folder", "tp4")
    page = Path("tp4/report.en.html").read_text()
    assert "4242" in page and "captures/ssh.pcap" in page and 'id="packet-ssh-1"' in page
    for word in ("Measured answer", "Dropped", "Filter", "Done on", "Commands"):
        assert word not in page
    assert {"report.en.html", "report.en.md", "report.fr.html", "report.fr.md"} == {
        file.name for file in Path("tp4").glob("report.*")
    }


def test_seats_create_makes_a_file_for_each_student(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class from a list, each with a seat of their own; a student's machine takes one."""
    Path("class.csv").write_text("student,name\nalice,Alice\nbob,Bob\n")
    assert 0 == main.main(["seats", "create", "class.csv", "--lab", "tp4", "-o", "seats"])
    assert ["alice.seat", "bob.seat"] == sorted(file.name for file in Path("seats").iterdir())
    own, key = flow.prepare("tp4", "bob").seat, seat.key("tp4", "bob")
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "student"))
    assert 0 == main.main(["seats", "import", "seats/bob.seat"])
    assert (own.token, key) == (flow.prepare("tp4", "bob").seat.token, seat.key("tp4", "bob"))
