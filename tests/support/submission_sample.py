"""A student's seat and folder made of recorded captures, for tests of submissions."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

from sharklab.grading.submission import bundle, work
from sharklab.grading.submission.model import Submission
from sharklab.lab import load, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan

DATA = Path(__file__).parents[1] / "data"
SECRET = bytes(range(32))
ANSWERS = "ssh:\n  server_port: 22\n  transport: TCP\ndns:\n  dns_server_port: 53/udp\n"


@cache
def plan(student: str = "alice") -> Plan:
    """Return the plan of tp4 for a student."""
    lab = load.read_named("tp4")
    return make_plan(lab, seat.derive(lab, student, SECRET))


def key(lab: str, student: str) -> bytes:
    """Return the key of a student's seat."""
    return seat.Draw(SECRET, lab, student).bytes("key")


def folder(place: Path) -> Path:
    """Make a folder with two captures and some answers in `place`, and return it."""
    (place / "captures").mkdir(parents=True)
    (place / "answers.yml").write_text(ANSWERS)
    shutil.copy(DATA / "ssh.pcap", place / "captures")
    shutil.copy(DATA / "ntp.pcapng", place / "captures" / "time.pcapng")
    return place


def submission(place: Path) -> Submission:
    """Return what lies in such a folder, as if made at some time, with the state of a host."""
    found = work.read(folder(place), plan())
    return replace(found, begun=1_790_000_000.0, made=1_790_003_600.5, state={"server": {"mounts": ["/"]}})


def packed(place: Path) -> Path:
    """Return such a submission, packed and signed."""
    file = place / "alice.sharklab"
    bundle.pack(submission(place / "work"), key("tp4", "alice"), file)
    return file
