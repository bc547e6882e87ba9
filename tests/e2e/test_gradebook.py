"""A class graded by the command line, as an instructor does: interrupted, killed, gone on with, read back."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT, Call
from tests.support import gradebook_class as handed
from tests.support.waiting import wait_until

STUDENTS = ("alice", "bob", "carol", "dan", "erin", "fay")
PATIENCE = 120.0
SHEET = (
    '\ufeffIdentifiant,"Nom complet","Adresse de courriel",Note,"Note maximale",'
    '"La note peut être modifiée","Dernière modification (note)","Feedback par commentaires"\r\n'
)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a course: what six students handed in, one file that is none, a roster."""
    folder = tmp_path_factory.mktemp("course")
    box = folder / "in"
    box.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(folder / "state"))
        for number, name in enumerate(STUDENTS):
            captures = dict(list(handed.CAPTURES.items())[: 1 + number % 2])
            handed.hand_in(name, box, folder, captures=captures)
    (box / "tp4-gil.sharklab").write_bytes(b"PK\5\6 nothing")
    lines = [
        f"Participant {9 + n},{name.title()},{name}@x.org,{name}" for n, name in enumerate((*STUDENTS, "gil"))
    ]
    heading = "Identifiant,Nom complet,Adresse de courriel,Nom d'utilisateur"
    (folder / "roster.csv").write_text("\n".join([heading, *lines]) + "\n")
    return folder


def words(course: Path, out: Path, *more: str) -> list[str]:
    """Return the command that grades the class into `out`."""
    return ["grade", str(course / "in"), "--roster", str(course / "roster.csv"), "-o", str(out), *more]


def environ(course: Path) -> dict[str, str]:
    """Return what differs in the environment: the course's own state."""
    return {"SHARKLAB_STATE": str(course / "state")}


def content(out: Path) -> dict[str, bytes]:
    """Return every file of a gradebook, but for the lock and the notes on worksheets."""
    files = (path for path in out.rglob("*") if path.is_file() and path.name not in (".lock", "rows.json"))
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def whole(course: Path, sharklab: Call) -> Path:
    """Grade the class in one go, fill Moodle's worksheet, and return the gradebook."""
    sheet = course / "moodle.csv"
    rows = [
        f'"Participant {9 + n}",{name.title()},{name}@x.org,,"20,00",Oui,-,\r\n'
        for n, name in enumerate(STUDENTS)
    ]
    sheet.write_bytes((SHEET + "".join(rows)).encode())
    done = sharklab(
        *words(course, course / "whole", "--moodle", str(sheet), "--output", "json"), env=environ(course)
    )
    assert 1 == done.returncode, done.stderr
    (course / "said.json").write_text(done.stdout)
    return course / "whole"


def test_grade_tells_what_came_of_everybody(course: Path, whole: Path) -> None:
    """Exit code 1 for the file that is none; everybody else has points."""
    said = json.loads((course / "said.json").read_text())
    found = {name: each["state"] for name, each in said["students"].items()}
    assert {**dict.fromkeys(STUDENTS, "graded"), "gil": "unreadable"} == found
    assert (6, [], []) == tuple(said["moodle"][key] for key in ("graded", "absent", "locked"))


def test_grade_fills_moodles_worksheet(course: Path, whole: Path) -> None:
    """The grades in the worksheet are those of the gradebook, on the scale of the worksheet."""
    text = (course / "moodle.csv").read_bytes().decode()
    assert text.startswith("\ufeffIdentifiant,")
    sheet = {row["Nom complet"]: row for row in csv.DictReader(text.removeprefix("\ufeff").splitlines())}
    book = csv.DictReader((whole / "gradebook.csv").read_text().splitlines())
    expected = {
        row["name"]: f"{float(row['points']) / float(row['worth']) * 20:.2f}".replace(".", ",")
        for row in book
        if row["state"] == "graded"
    }
    assert expected == {name: row["Note"] for name, row in sheet.items()}


def test_junit_has_everybody(whole: Path) -> None:
    """A program that reads JUnit XML finds a suite for each student."""
    root = ElementTree.parse(whole / "junit.xml").getroot()  # noqa: S314 (our own)
    assert sorted([*STUDENTS, "gil"]) == [suite.get("name") for suite in root]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_grade_goes_on_after_an_interruption(
    course: Path, whole: Path, tmp_path: Path, sharklab: Call, number: signal.Signals
) -> None:
    """However it ends: the next run keeps what was done, and nothing shows in the result."""
    code, said, out = next(
        ended
        for attempt in range(10)  # a busy machine may be done before the signal comes
        if (ended := interrupt(course, tmp_path / str(attempt), number))[0] not in (0, 1)
    )
    assert (-9 if number == signal.SIGKILL else 130) == code
    assert number == signal.SIGKILL or json.loads(said)["error"]["message_id"] == "interrupted"
    kept = records(out)
    sharklab(*words(course, out), env=environ(course))
    assert kept.items() <= records(out).items()
    assert content(whole) == content(out)


def records(out: Path) -> dict[str, tuple[int, int]]:
    """Return the records of a gradebook, each with its inode and the time of its last change."""
    kept = {file.name: file.stat() for file in out.glob(".kept/*.json")}
    return {name: (own.st_ino, own.st_mtime_ns) for name, own in kept.items()}


def interrupt(course: Path, out: Path, number: signal.Signals) -> tuple[int, str, Path]:
    """Grade the class into `out` until somebody is graded, then send a signal; return how it ended."""
    running = subprocess.Popen(
        [sys.executable, "-m", "sharklab", *words(course, out, "--jobs", "1", "--output", "json")],
        cwd=ROOT,
        env={**os.environ, **environ(course), "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: any(out.glob(".kept/*.json")), "a student is graded")
    running.send_signal(number)
    said = running.communicate(timeout=PATIENCE)[0]
    wait_until(lambda: not _workers(course), "all processes have ended")
    return running.returncode, said, out


def _workers(course: Path) -> list[str]:
    """Return the processes that work for the course: they have its state folder in their environment."""
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"SHARKLAB_STATE={course}/state\0".encode() in file.read_bytes():
                found.append(file.parts[2])
    return found
