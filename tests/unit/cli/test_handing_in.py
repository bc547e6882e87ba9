"""Submissions that students hand in on the class server."""

from __future__ import annotations

import os
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.checks import host_demands
from sharklab.cli import exam_rules, handing_in, host_work
from sharklab.errors import InputError
from sharklab.grading.submission import bundle, manifest, work
from sharklab.grading.submission.model import Problem, Submission
from sharklab.hosts.door import seats as door_seats_of
from sharklab.i18n import translator
from sharklab.lab import diary, exam, seat, submission_store
from sharklab.lab.exam import Window
from sharklab.lab.model import Exam, Plan
from sharklab.limits import BUNDLE, BundleLimits
from sharklab.message import Message
from tests.support import door_seats
from tests.support import submission_sample as sample
from tests.support.errors import error_of

LOST = Message("lost")

pytestmark = pytest.mark.usefixtures("own_state")


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Return a bundle of Alice's seat of tp4."""
    folder = tmp_path / "work"
    folder.mkdir()
    file = tmp_path / "tp4.sharklab"
    bundle.pack(sample.submission(folder), seat.key("tp4", "alice"), file)
    return file


def take(file: Path, student: str = "alice", lab: str = "tp4") -> str:
    """Hand in a file and return the digest of the receipt."""
    handle = os.open(file, os.O_RDONLY)
    try:
        [receipt] = handing_in.take(student, lab, handle)
        return str(receipt.values["digest"])
    finally:
        os.close(handle)


def kept() -> list[Path]:
    """Return all that is kept of tp4, and of what was refused."""
    return sorted(path for path in (submission_store.folder("tp4")).rglob("*") if path.is_file())


def test_a_submission_is_kept_as_it_came(packed: Path) -> None:
    """For the instructor alone, under the student's name; the receipt is its SHA-256."""
    assert manifest.digest(packed.read_bytes()) == take(packed)
    [file] = kept()
    assert packed.read_bytes() == file.read_bytes() and file.name.startswith("alice-")
    assert 0o600 == file.stat().st_mode & 0o777


def test_the_submission_of_another_is_refused(packed: Path) -> None:
    """By the login, not by the file; nor for another lab."""
    assert "alice" == error_of(InputError, take, packed, "bob").values["student"]
    assert "ports" == error_of(InputError, take, packed, "alice", "ports").values["wanted"]
    assert [] == kept()


def test_what_is_no_submission_is_refused(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is kept, and no name of a folder of the server is told."""
    whole = packed.read_bytes()
    for content in (b"", b"nonsense", whole[:-50]):
        (tmp_path / "bad").write_bytes(content)
        assert "" == error_of(InputError, take, tmp_path / "bad").place
    monkeypatch.setattr(seat, "key", lambda lab, student: bytes(32))
    monkeypatch.setattr(bundle.unpack, "__defaults__", (BUNDLE, seat.key))
    error_of(InputError, take, packed)
    monkeypatch.setattr(handing_in, "BUNDLE", BundleLimits(file=10))
    error_of(InputError, take, packed)
    assert [] == kept()


def test_a_pipe_is_not_waited_for() -> None:
    """The door would wait as long as the student likes."""
    reader, writer = os.pipe()
    error_of(InputError, handing_in.take, "alice", "tp4", reader)
    os.close(reader)
    os.close(writer)


def test_a_student_cannot_fill_the_disk(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student with a similar name still hands in."""
    monkeypatch.setattr(handing_in, "MOST", 1)
    take(packed)
    assert 1 == error_of(InputError, take, packed).values["most"]
    assert "alice" == error_of(InputError, take, packed, "alice-2").values["student"]


def test_an_exam_is_open_for_its_time(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after, nothing is taken."""
    for window in (Window(0, 1), Window(1e11, 2e11)):
        monkeypatch.setattr(exam, "own_window", lambda lab, student, window=window: window)
        error_of(InputError, take, packed)
    monkeypatch.setattr(exam, "own_window", lambda lab, student: Window(0, 2e11))
    assert take(packed)


@pytest.fixture
def on_seat(packed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plan:
    """Let Alice's work lie on the hosts of her seat of tp4."""
    [plan] = door_seats.save(monkeypatch, ("tp4", "alice"))
    found = work.read(sample.folder(tmp_path / "hosts"), plan)

    def pack(
        plan: Plan, file: Path, finish: host_work.Finish, made: float
    ) -> tuple[Submission, tuple[str, ...]]:
        whole = replace(finish(found), made=made, problems=(Problem("client:/tmp/a\x1b.pcap", LOST),))
        bundle.pack(whole, seat.key("tp4", "alice"), file)
        return whole, ()

    monkeypatch.setattr(host_work, "pack", pack)
    return plan


def test_work_on_the_hosts_is_kept_and_told(on_seat: Plan) -> None:
    """With the same receipt, and the content of the file."""
    receipt, *content = handing_in.take_from_hosts("alice", "tp4", "")
    [file] = kept()
    assert manifest.digest(file.read_bytes()) == receipt.values["digest"]
    assert ["ssh", "time"] == content[0].values["names"]
    assert "! client:/tmp/a␛.pcap: lost" == str(content[-1])
    made = manifest.read(zipfile.ZipFile(file).read(manifest.NAME))["made"]
    assert exam.local_time(made) == receipt.values["time"]
    assert "ports" == error_of(InputError, handing_in.take_from_hosts, "alice", "ports", "").values["lab"]
    brief = handing_in.brief("alice", "tp4", translator("fr"))
    assert "TP4 : TCP, UDP" in brief and "ssh -p 2222 alice@SERVER submit tp4 --from-hosts" in brief
    assert "ssh:" in handing_in.form("alice", "tp4", translator("fr")).splitlines()


def test_work_that_is_none_is_not_kept(on_seat: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier submission would no longer count, and an exam would be over."""
    plan = replace(on_seat, lab=replace(on_seat.lab, exam=Exam(90)))
    monkeypatch.setattr(door_seats_of, "of_student", lambda student, lab: [plan])
    diary.note_exam(plan.seat, 1.0, 2e11)
    pack = host_work.pack

    def pack_nothing(*given: Any) -> tuple[Submission, tuple[str, ...]]:
        found, silent = pack(*given)
        return replace(found, captures={}, answers={}, state={}), silent

    monkeypatch.setattr(exam_rules, "look_again", lambda plan, found, *rest: found)
    monkeypatch.setattr(host_work, "pack", pack_nothing)
    assert "home of `student`" in str(error_of(InputError, handing_in.take_from_hosts, "alice", "tp4", ""))
    assert ([], []) == (kept(), list(diary.submissions(plan.seat)))


def test_an_exam_on_the_server_ends_with_a_reboot(on_seat: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of its time no host reboots. A second time needs the instructor's code."""
    plan = replace(on_seat, lab=replace(on_seat.lab, exam=Exam(90)))
    monkeypatch.setattr(door_seats_of, "of_student", lambda student, lab: [plan])
    rebooted: list[str] = []

    def look_again(plan: Plan, found: Submission, *rest: object) -> Submission:
        rebooted.append(plan.seat.student)
        return found

    monkeypatch.setattr(exam_rules, "look_again", look_again)
    diary.note_exam(plan.seat, 1e11, 2e11)
    error_of(InputError, handing_in.take_from_hosts, "alice", "tp4", "")
    assert [] == rebooted
    diary.note_exam(plan.seat, 1.0, 2e11)
    digest = handing_in.take_from_hosts("alice", "tp4", "")[0].values["digest"]
    assert (["alice"], [digest]) == (rebooted, [each for _, each in diary.submissions(plan.seat)])
    error_of(InputError, handing_in.take_from_hosts, "alice", "tp4", "")
    monkeypatch.setattr(host_demands, "is_needed", lambda plan: False)
    handing_in.take_from_hosts("alice", "tp4", exam.code("tp4", "alice"))
    assert ["alice"] == rebooted and 2 == len(kept())


def test_few_seats_are_packed_at_the_same_time(on_seat: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes a turn: what a student has on a host costs the gateway memory."""
    turns, pack = threading.BoundedSemaphore(1), host_work.pack
    monkeypatch.setattr(handing_in, "TOGETHER", turns)
    free: list[bool] = []

    def look(
        plan: Plan, file: Path, finish: host_work.Finish, made: float
    ) -> tuple[Submission, tuple[str, ...]]:
        free.append(turns.acquire(blocking=False))
        return pack(plan, file, finish, made)

    monkeypatch.setattr(host_work, "pack", look)
    handing_in.take_from_hosts("alice", "tp4", "")
    assert [False] == free and turns.acquire(blocking=False)
