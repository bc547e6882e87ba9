"""A class that handed something in, as files: made of recorded captures, signed by seats of a course."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sharklab.grading.submission import bundle, work
from sharklab.grading.submission.model import Submission
from sharklab.lab import load, seat
from sharklab.lab.plan import make_plan

DATA = Path(__file__).parents[1] / "data"
CAPTURES = {"web": "ssh.pcap", "dns": "dns.pcap"}
ANSWERS = "web: {server_address: 10.77.5.2, server_port: 22, local_port: 34898, transport: TCP}\n"
"""The connection of ssh.pcap: this exercise takes one of any place, so that it earns points on every seat."""
BEGUN, MADE = 1_763_600_000.0, 1_790_003_600.5


def folder(place: Path, captures: Mapping[str, str] = CAPTURES) -> Path:
    """Make a student's folder with these recorded captures, by id, and return it."""
    (place / "captures").mkdir(parents=True)
    (place / "answers.yml").write_text(ANSWERS)
    for name, file in captures.items():
        shutil.copy(DATA / file, place / "captures" / f"{name}.pcap")
    return place


def submission(student: str, place: Path) -> Submission:
    """Return what lies in such a folder as that student's."""
    lab = load.read_named("tp4")
    found = work.read(place, make_plan(lab, seat.register(lab, student)))
    return replace(found, begun=BEGUN, made=MADE)


def hand_in(
    student: str,
    into: Path,
    scratch: Path,
    name: str = "",
    key: bytes = b"",
    captures: Mapping[str, str] = CAPTURES,
) -> Path:
    """Write what `student` hands in to a file in `into` and return it; `captures` are as for `folder`."""
    file = into / (name or f"tp4-{student}{bundle.ENDING}")
    made = submission(student, folder(scratch / file.stem, captures))
    bundle.pack(made, key or seat.key("tp4", student), file)
    return file
