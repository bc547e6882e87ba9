"""The work that lies on the hosts of a seat, packed. The verbs of a class test the rest of it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO

import pytest

from sharklab.cli import host_work, seats
from sharklab.cli.fetching import fetch_answers, fetch_archives
from sharklab.errors import Busy
from sharklab.evidence import host_state
from sharklab.grading.submission import bundle
from sharklab.grading.submission.model import Submission
from sharklab.hosts.providers import remote, sleeping
from sharklab.lab import load, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan
from sharklab.limits import BUNDLE
from tests.support import submission_sample as sample
from tests.support.class_seats import ClassSeats
from tests.support.errors import error_of
from tests.support.zips import zipped

NO_PACKETS = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
"""A capture of Ethernet without any packet."""
ANSWERS = b"ssh:\n  server_port: 22\n"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of a seat of tp4, with answers on the client and on the desktop, and no capture."""
    room = ClassSeats(tmp_path, monkeypatch)
    room.up.add("alice")
    lab = load.read_named("tp4")
    plan = make_plan(lab, seat.register(lab, "alice"))
    plan.seat.folder.mkdir(parents=True)

    def copy(own: remote.Machine, path: str, home: str, target: IO[bytes], limit: int) -> None:
        if own.name == "server":
            raise remote.NoSuchFile("none")
        target.write(ANSWERS if own.name == "client" else b"dns:\n  dns_server_port: 53\n")

    monkeypatch.setattr(remote.Machine, "copy", copy)
    monkeypatch.setattr(remote.Machine, "answers", lambda own: own.name != "desktop")
    monkeypatch.setattr(remote.Machine, "ask", lambda own, do, **more: {do: []})
    monkeypatch.setattr(host_state, "observe", lambda plan, demands: {"server": {}})
    return plan


def test_answers_are_those_of_the_first_host_that_has_them(plan: Plan, tmp_path: Path) -> None:
    """Without any, nothing lies there."""
    fetch_answers(plan, tmp_path, ["server", "client", "desktop"])
    assert ANSWERS == (tmp_path / "answers.yml").read_bytes()
    (tmp_path / "answers.yml").unlink()
    fetch_answers(plan, tmp_path, ["server"])
    assert not (tmp_path / "answers.yml").exists()


def test_the_packed_file_has_answers_and_state(plan: Plan, tmp_path: Path) -> None:
    """And what `finish` adds; hosts that do not answer are told, and no file stays in the seat."""
    file = tmp_path / "work.sharklab"
    seen: list[int] = []

    def finish(found: Submission) -> Submission:
        seen.append(len(found.answers))
        return found

    _, silent = host_work.pack(plan, file, finish)
    found = bundle.unpack(file, tmp_path / "unpacked", BUNDLE, seat.key)
    assert (("desktop",), [1], {"server"}) == (silent, seen, set(found.state))
    assert {"ssh": {"server_port": 22}} == {id: dict(own) for id, own in found.answers.items()}
    assert [] == list(plan.seat.folder.iterdir())


def test_a_capture_with_the_name_of_an_exercise_is_packed_whatever_it_shows(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grading says what is wrong with it. The problems say why another file and answers are missing."""
    names = ("/home/student/ssh.pcap", "/tmp/attempt.pcap")
    told = [{"path": name, "size": len(NO_PACKETS), "modified": 1.0} for name in names]

    def copy(own: remote.Machine, path: str, home: str, target: IO[bytes], limit: int, **more: bool) -> None:
        if path not in names:
            raise remote.NoSuchFile("none")
        target.write(NO_PACKETS)

    monkeypatch.setattr(remote.Machine, "copy", copy)
    monkeypatch.setattr(
        remote.Machine,
        "ask",
        lambda own, do, **more: {do: told if (own.name, do) == ("client", "captures") else []},
    )
    file = tmp_path / "work.sharklab"
    packed, _ = host_work.pack(plan, file, made=7.0)
    found = bundle.unpack(file, tmp_path / "unpacked", BUNDLE, seat.key)
    assert (["ssh"], 7.0) == (list(found.captures), found.made)
    assert [
        ("client:/tmp/attempt.pcap", "there is no packet in it"),
        ("answers.yml", "no host has it in the home of `student`"),
    ] == [(each.file, str(each.reason)) for each in packed.problems]


def test_a_seat_in_use_is_not_packed_and_sleeps_again(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seat that slept before sleeps afterwards."""
    slept: list[str] = []
    monkeypatch.setattr(sleeping, "is_asleep", lambda own: True)
    monkeypatch.setattr(sleeping, "wake", lambda own: None)
    monkeypatch.setattr(sleeping, "sleep", lambda own: slept.append(own.student))
    with seats.hold(plan.seat):
        error_of(Busy, host_work.pack, plan, tmp_path / "file")
    assert [] == slept
    host_work.pack(plan, tmp_path / "file")
    assert ["alice"] == slept


def test_an_archive_on_a_host_counts_as_in_a_folder(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two of one name both come; one that is too large, or of no archive's name, stays on its host."""
    capture = (sample.DATA / "ssh.pcap").read_bytes()
    packed = zipped(tmp_path / "captures.zip", {"ssh.pcap": capture}).read_bytes()
    listed = {
        "server": [("/root/captures.zip", 1), ("/root/notes.txt", 1)],
        "client": [("/home/student/captures.zip", 1), ("/home/student/large.zip", BUNDLE.file + 1)],
    }

    def ask(own: remote.Machine, do: str) -> dict[str, object]:
        found = listed[own.name] if do == "archives" else []
        return {do: [{"path": path, "size": size, "modified": len(own.name)} for path, size in found]}

    def copy(
        own: remote.Machine, path: str, home: str, target: IO[bytes], limit: int, *, finished: bool = False
    ) -> None:
        if own.name == "server":
            raise remote.NoSuchFile("it went meanwhile")
        target.write(packed if path.endswith(".zip") else ANSWERS)

    monkeypatch.setattr(remote.Machine, "ask", ask)
    monkeypatch.setattr(remote.Machine, "copy", copy)
    fetch_archives(plan, tmp_path, ["client"])
    assert packed == (tmp_path / "client-captures.zip").read_bytes()
    file = tmp_path / "work.sharklab"
    host_work.pack(plan, file)
    found = bundle.unpack(file, tmp_path / "unpacked", BUNDLE, seat.key)
    assert capture == found.captures["ssh"].read_bytes()
    assert [] == list((tmp_path / "state" / "copies").iterdir())
