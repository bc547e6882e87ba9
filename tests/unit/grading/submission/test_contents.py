"""What a student reads of the file that they are about to hand in."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sharklab.evidence.packets import recognition
from sharklab.grading.submission import contents, manifest, work
from sharklab.grading.submission.model import PlainHostState, Submission, WrittenAnswer
from sharklab.i18n import translator
from tests.support import submission_sample as sample


@pytest.fixture
def submission(tmp_path: Path) -> Submission:
    """Return two captures of tp4, of which one is damaged, some answers, and the state of a host."""
    found = sample.submission(tmp_path / "work")
    bad = tmp_path / "work" / "captures" / "web.pcap"
    bad.write_text("I forgot")
    return replace(found, captures={**found.captures, "web": bad})


def test_plain_counts_what_is_there(submission: Submission) -> None:
    """Captures, the missing ones, answers of those asked, hosts, and the parts that were refused."""
    found = contents.plain(sample.plan(), submission)
    asked = work.list_captures(sample.plan())
    assert sorted(submission.captures) == found["captures"]
    assert [name for name in asked if name not in submission.captures] == found["missing"]
    questions = sum(len(exercise.questions) for exercise in sample.plan().lab.exercises)
    assert {"given": 3, "asked": questions} == found["answers"]
    assert ["server"] == found["hosts"]
    assert "captures/web.pcap" in [problem["file"] for problem in found["problems"]]


def test_lines_say_the_same_in_words(submission: Submission, tmp_path: Path) -> None:
    """A line for each part; the last one names the file to hand in, with its size."""
    file = tmp_path / "alice.sharklab"
    file.write_bytes(bytes(2048))
    lines = list(contents.lines(sample.plan(), submission, file, translator("en")))
    heads = [line.partition(":")[0] for line in lines]
    assert ["Captures", "Missing captures", "Answers", "State of hosts"] == heads[:4]
    assert any(line.startswith("! captures/web.pcap: ") for line in lines)
    assert "Give this file to your instructor" == heads[-1] and str(file) in lines[-1]
    assert hashlib.sha256(bytes(2048)).hexdigest()[:8] == lines[-2].split(": ")[1]


def test_lines_of_a_whole_submission_name_no_missing_capture(tmp_path: Path) -> None:
    """Where all captures are there, and no host was observed, it says so in a word."""
    plan, file = sample.plan(), tmp_path / "alice.sharklab"
    file.touch()
    every = dict.fromkeys(work.list_captures(plan), sample.DATA / "ssh.pcap")
    whole = Submission("tp4", "alice", plan.seat.id, tmp_path, every)
    lines = list(contents.lines(plan, whole, file, translator("en")))
    assert not [line for line in lines if line.startswith("Missing")]
    assert "State of hosts: none" in lines


def test_lines_say_which_file_was_taken_under_another_name(submission: Submission, tmp_path: Path) -> None:
    """A student sees that a file was found, and for which capture."""
    file = submission.captures["ssh"].rename(tmp_path / "work" / "captures" / "SSH (1).pcap")
    renamed = replace(submission, captures={**submission.captures, "ssh": file})
    assert [{"file": "captures/SSH (1).pcap", "id": "ssh"}] == [
        each.values for each in contents.list_taken(renamed)
    ]
    packed = tmp_path / "alice.sharklab"
    packed.touch()
    lines = list(contents.lines(sample.plan(), renamed, packed, translator("en")))
    assert [str(each) for each in contents.list_taken(renamed)] == [
        line for line in lines if "SSH (1)" in line
    ]


def test_one_more_file_of_a_capture_is_told_and_no_capture_of_its_own(submission: Submission) -> None:
    """A student sees that both files are handed in."""
    more = replace(submission, captures={**submission.captures, "ssh.2": submission.folder / "end.pcap"})
    [told] = contents.list_taken(more)
    assert {"file": "end.pcap", "id": "ssh"} == told.values
    (submission.folder / "end.pcap").write_bytes(submission.captures["ssh"].read_bytes())
    names, more_names = (contents.plain(sample.plan(), each)["captures"] for each in (submission, more))
    assert names == more_names


def test_taken_tells_each_answer_that_is_not_in_the_form(submission: Submission) -> None:
    """A student sees which line of which text counts."""
    place = WrittenAnswer("ssh", "server_port", "README.md", 7)
    given = replace(submission, captures={}, written=(place,), answers={"ssh": {"server_port": "2" * 99}})
    [told] = contents.list_taken(given)
    assert {**asdict(place), "given": "2" * 79 + "…"} == told.values


def test_plain_names_a_capture_without_a_packet(submission: Submission) -> None:
    """A header alone is a capture, and shows nothing."""
    submission.captures["web"].write_bytes(submission.captures["ssh"].read_bytes()[:24])
    [problem] = contents.plain(sample.plan(), submission)["problems"]
    assert {"file": "captures/web.pcap", "reason": recognition.NO_PACKET.sentence} == problem


def test_plain_and_lines_name_the_hosts_after_the_reboot(submission: Submission, tmp_path: Path) -> None:
    """A host that was looked at once is named: it did not come back. Outside exams nothing is said."""
    file = tmp_path / "alice.sharklab"
    file.touch()
    state: dict[str, PlainHostState] = {"server": {}, "client": {}}
    exam = replace(submission, state=state, after={"server": {}})
    heads = [line.partition(":")[0] for line in contents.lines(sample.plan(), exam, file, translator("en"))]
    assert ["State of hosts", "State after the reboot"] == heads[3:5]
    assert "These hosts did not come back after the reboot" == heads[5]
    reboots = {"client": {"before": "a", "after": "b", "seconds": 9.0, "state": "running", "reason": ""}}
    seen = replace(exam, manifest={**exam.manifest, manifest.REBOOTS: reboots})
    lines = list(contents.lines(sample.plan(), seen, file, translator("en")))
    assert (True, False) == ("came back" in lines[5], "did not" in lines[5])
    assert ["server"] == contents.plain(sample.plan(), exam)["rebooted"]
    plain = contents.lines(sample.plan(), replace(submission, state=state), file, translator("en"))
    assert not [line for line in plain if "reboot" in line]


def test_taken_tells_what_comes_from_an_archive(submission: Submission) -> None:
    """Also where the file has the name of its capture."""
    (place := submission.folder / "captures.zip").mkdir()
    file = submission.captures["ssh"].rename(place / "ssh.pcap")
    found = replace(submission, captures={"ssh": file}, written=())
    assert [{"file": "captures.zip/ssh.pcap", "id": "ssh"}] == [
        each.values for each in contents.list_taken(found)
    ]
