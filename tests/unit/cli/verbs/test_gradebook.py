"""The verb `grade` as it is typed: what its options make of a submission that came late."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sharklab.author import lint
from sharklab.cli import time_option
from sharklab.cli.verbs import gradebook
from sharklab.errors import InputError
from sharklab.grading.gradebook import moodle
from sharklab.grading.gradebook.selection import SPARE
from sharklab.grading.marking.model import Remark
from sharklab.grading.marking.policy import DAY
from sharklab.i18n import translator
from sharklab.lab import load
from sharklab.lab.model import Exam
from sharklab.message import Message
from sharklab.progress import Progress
from tests.support import gradebook_class as handed
from tests.support import gradebook_sample
from tests.support.command import refusal, run, tell
from tests.support.errors import error_of

EARNED = 8.0
"""Points of the submission where nothing is taken off."""
LATE = 20 * 60.0
"""Seconds after it was due that the submission was made, where a test says no other."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Hand in for alice, in a course of its own."""
    folder = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(folder / "state"))
        patch.setenv("LC_ALL", "C.UTF-8")
        (folder / "in").mkdir()
        handed.hand_in("alice", folder / "in", folder)
        yield folder / "in"


def grade(box: Path, *options: str, late: float = LATE) -> int:
    """Grade what was handed in so many seconds late, and return the exit code."""
    due = datetime.fromtimestamp(handed.MADE - late, UTC).isoformat()
    out = str(box.parent / "out")
    return run("grade", str(box), "-o", out, "--due", due, "--output", "json", *options)


@pytest.mark.parametrize(
    ("options", "days", "part"),
    [
        ("", 0, 1.0),
        ("--late 40 --grace 21", 0, 1.0),
        ("--late 40 --grace 19", 0, 0.6),
        ("--late 40 --cap 75 --closed 2", 1, 0.25),
        ("--late 40 --cap 75 --closed 1", 1, 0.0),
    ],
)
def test_grade_takes_off_what_its_options_say(
    box: Path, options: str, days: int, part: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """Minutes of grace, a part for each day that has begun, the most of it, and the end."""
    assert 0 == grade(box, *options.split(), late=days * DAY + LATE)
    points = json.loads(capsys.readouterr().out)["students"]["alice"]["points"]
    assert pytest.approx(EARNED * part) == points


def test_grade_takes_the_marks_by_hand(box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They and their reason are in the points and in the feedback; without them the mark is as before."""
    file = tmp_path / "corrections.csv"
    file.write_text("student,points,comment\nalice,-0.25,Captured by a neighbour.\n")
    assert 0 == grade(box, "--corrections", str(file))
    assert EARNED - 0.25 == json.loads(capsys.readouterr().out)["students"]["alice"]["points"]
    feedback = box.parent / "out" / "alice" / "feedback.fr.md"
    assert "Par l'enseignant : Captured by a neighbour." in feedback.read_text()
    assert 0 == grade(box)
    assert EARNED == json.loads(capsys.readouterr().out)["students"]["alice"]["points"]
    assert "neighbour" not in feedback.read_text()


def test_grade_refuses_a_correction_of_a_stranger_before_it_grades(box: Path, tmp_path: Path) -> None:
    """A name that was mistyped would change no mark."""
    file = tmp_path / "corrections.csv"
    file.write_text("student,points,comment\nalise,1,fine\n")
    error = error_of(InputError, grade, box, "--corrections", str(file))
    assert "some corrections are wrong" == error.message


NUMBER, TIME, DUE = (
    "a percentage is a number from 0 to 100",
    "a length of time cannot be negative",
    "needs a due date",
)


@pytest.mark.parametrize(
    ("options", "place", "message"),
    [
        ("--cap 101", "--cap", NUMBER),
        ("--hint-cost nan", "--hint-cost", NUMBER),
        ("--grace -1", "--grace", TIME),
        ("--grace nan", "--grace", TIME),
        ("--closed -1", "--closed", TIME),
        ("--late 10 --due=", "--late", DUE),
        ("--grace 5 --due=", "--grace", DUE),
        ("--closed 3 --due=", "--closed", DUE),
        ("--due tomorrow", "--due", "{text!r} is not a date and time"),
    ],
)
def test_grade_refuses_terms_that_are_none(box: Path, options: str, place: str, message: str) -> None:
    """The error names the option; nothing is graded."""
    error = error_of(InputError, grade, box, *options.split())
    assert (message, place) == (error.message_id, error.place)


def test_grade_says_when_submissions_were_due(in_paris: None) -> None:
    """The sentence has the time and its zone; without a date there is none."""
    [line] = gradebook._describe_due(time_option.read("2026-11-28", "--due", is_end=True), translator("en"))
    assert "2026-11-28 23:59:59" in line and "UTC+01:00" in line
    assert [] == list(gradebook._describe_due(0.0, translator("en")))


SHEET = "Identifier,Status,Grade,Maximum grade,Grade can be changed,Feedback comments\r\n"


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ("Participant 1,,,mai-20,Yes,\r\n", ""),
        ("Participant 1,,,20.00,Yes,\r\n", ""),
        ("Participant 1,,,20.00,Yes,\r\n", "--scale 0,50"),
        ("Participant 1,,,20.00,Yes,\r\n", "--scale 50,0"),
        ("Participant 1,,,20.00,Yes,\r\n", "--scale nan"),
        ("Participant 1,,,20.00,Yes,\r\n", "--scale 0,x"),
        ("no identifier\r\n", ""),
    ],
    ids=["maximum", "nobody's rows", "no scale", "falling", "no number", "no percentage", "short row"],
)
def test_grade_refuses_a_worksheet_before_it_grades(
    box: Path, rows: str, options: str, tmp_path: Path
) -> None:
    """A worksheet that cannot be filled costs no grading."""
    sheet = tmp_path / "worksheet.csv"
    sheet.write_text(SHEET + rows)
    words = ["grade", str(box), "-o", str(tmp_path / "out"), "--moodle", str(sheet), *options.split()]
    refusal(InputError, *words)
    assert not list((tmp_path / "out").glob("*/feedback*"))


def test_grade_refuses_a_scale_without_a_worksheet(box: Path, tmp_path: Path) -> None:
    """A scale is for a worksheet."""
    error = refusal(InputError, "grade", str(box), "-o", str(tmp_path / "out"), "--scale", "0,50")
    assert "--scale" == error.place


def test_grade_fills_a_blind_worksheet_by_the_folders_of_the_download(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Moodle's number of the participant is in the folder's name; no name is anywhere."""
    folder = tmp_path / "in" / "Participant_77_assignsubmission_file_"
    folder.mkdir(parents=True)
    shutil.copy(next(box.glob("*.sharklab")), folder / "work.sharklab")
    sheet = tmp_path / "worksheet.csv"
    sheet.write_text(SHEET + "Participant 77,,,20.00,Yes,\r\nParticipant 78,,,20.00,Yes,\r\n")
    words = ["grade", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--moodle", str(sheet)]
    expected = {"file": str(sheet), "graded": 1, "absent": [], "locked": [], "removed": [], "old": []}
    assert expected == tell(capsys, *words)["moodle"]
    rows = sheet.read_text().splitlines()
    assert rows[1].split(",")[2] not in ("", "0.00")
    assert "Participant 78,,,20.00,Yes," == rows[2]


def test_check_worksheet_tells_who_has_no_row_before_grading(tmp_path: Path) -> None:
    """The students are named while nothing is graded yet; without a worksheet there is nothing to tell."""
    sheet = tmp_path / "worksheet.csv"
    sheet.write_text(SHEET + "Participant 1002,,,20.00,Yes,\r\n")
    said = io.StringIO()
    entries = gradebook_sample.whole().entries
    gradebook._check_worksheet(moodle.read(sheet), entries, Progress(stream=said))
    assert "alice, carol, dan, erin" in said.getvalue()
    gradebook._check_worksheet(None, entries, Progress(stream=said))
    assert 1 == said.getvalue().count("\n")


def test_describe_tells_which_submission_of_a_group_counts() -> None:
    """Once for a group, not for each member."""
    group = gradebook_sample.whole()
    remark = Remark(SPARE, Message("alice.sharklab counts"))
    alice, bob, *others = group.entries
    members = (
        replace(alice, group="G1", remarks=(remark,)),
        replace(bob, group="G1", author="alice", remarks=(remark,)),
    )
    lines = gradebook._describe(
        replace(group, entries=(*members, *others)), None, Path("out"), "en", translator("en")
    )
    assert 1 == list(lines).count("  alice.sharklab counts")


@pytest.mark.parametrize(("after", "minutes", "part"), [(-60, "", 0), (5460, "", 0), (5460, "92", 1)])
def test_grade_takes_the_time_of_an_exam_and_the_minutes_of_the_roster(
    box: Path,
    after: float,
    minutes: str,
    part: float,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is granted later counts when the class is graded again: nothing that was handed in is lost."""
    lab = load.read_named("tp4")
    monkeypatch.setattr(lint, "load_named", lambda name: replace(lab, exam=Exam(90)))
    begin = datetime.fromtimestamp(handed.MADE - after, UTC).isoformat()
    roster = box.parent / "roster.csv"
    roster.write_text(f"student,minutes\nalice,{minutes}\n")
    options = ("--begin", begin, "--roster", str(roster), "--output", "json", "--jobs", "1")
    assert 0 == run("grade", str(box), "-o", str(box.parent / "exam"), *options)
    points = json.loads(capsys.readouterr().out)["students"]["alice"]["points"]
    assert pytest.approx(EARNED * part) == points


@pytest.mark.parametrize(
    ("options", "place", "message"),
    [
        ("--begin 2026-12-01", "--due", "an exam has an end, and no due date"),
        ("--begin 2026-12-01 --due=", "--begin", "the lab {lab} is not an exam"),
        ("--end 2026-12-01 --due=", "--end", "needs the beginning of the exam"),
    ],
)
def test_grade_refuses_an_exam_that_is_none(box: Path, options: str, place: str, message: str) -> None:
    """A due date beside an exam, an exam of another lab, an end alone."""
    error = error_of(InputError, grade, box, *options.split())
    assert (message, place) == (error.message_id, error.place)


def test_grade_says_when_the_exam_was(in_paris: None) -> None:
    """Without a beginning it says that any time counts; of another lab it says nothing."""
    lab = load.read_named("tp4")
    exam = replace(lab, exam=Exam(90))
    begin = datetime.fromisoformat("2026-12-01T08:00+01:00").timestamp()
    [line] = gradebook._describe_exam(exam, begin, 0.0, translator("en"))
    assert "2026-12-01 08:00:00 (UTC+01:00)" in line and "2026-12-01 09:30:00" in line
    [line] = gradebook._describe_exam(exam, 0.0, 0.0, translator("en"))
    assert "--begin" in line
    assert [] == list(gradebook._describe_exam(lab, 0.0, 0.0, translator("en")))


def test_lab_of_a_submission_that_lies_elsewhere_is_asked_for() -> None:
    """A bundle has the name of its lab alone: the option that takes the folder is the place of the error."""
    assert "--lab" == error_of(InputError, gradebook._load_lab, "mylab").place
    assert "tp4" == gradebook._load_lab("tp4").name
