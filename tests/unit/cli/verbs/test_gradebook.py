"""The verb `grade` as it is typed: what its options make of a submission that came late."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sharklab.cli.verbs import gradebook
from sharklab.errors import InputError
from sharklab.grading.marking.policy import DAY
from sharklab.i18n import translator
from tests.support import gradebook_class as handed
from tests.support.command import run
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
        ("--late 40", 0, 0.6),
        ("--late 40 --grace 21", 0, 1.0),
        ("--late 40 --grace 19", 0, 0.6),
        ("--late 40 --cap 75", 1, 0.25),
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


NUMBER, TIME, DUE = (
    "a percentage is a number from 0 to 100",
    "a length of time cannot be negative",
    "needs a due date",
)


@pytest.mark.parametrize(
    ("options", "place", "message"),
    [
        ("--cap 101", "--cap", NUMBER),
        ("--hint nan", "--hint", NUMBER),
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


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-11-28", "2026-11-28T23:59:59+01:00"),
        ("20261128", "2026-11-28T23:59:59+01:00"),
        ("2026-10-25", "2026-10-25T23:59:59+01:00"),
        ("2026-W48-6", "2026-11-28T23:59:59+01:00"),
        ("2026-11-28T00:00", "2026-11-28T00:00:00+01:00"),
        ("2026-11-28T18:00+03:00", "2026-11-28T16:00:00+01:00"),
    ],
)
def test_a_due_date_is_a_moment_in_the_time_zone_of_the_computer(due: str, said: str, in_paris: None) -> None:
    """A day alone is due at its end, also when the clock changes."""
    assert datetime.fromisoformat(said).timestamp() == gradebook._due(due)


def test_grade_says_when_submissions_were_due(in_paris: None) -> None:
    """The sentence has the time and its zone; without a date there is none."""
    [line] = gradebook._describe_due(gradebook._due("2026-11-28"), translator("en"))
    assert "2026-11-28 23:59:59" in line and "UTC+01:00" in line
    assert [] == list(gradebook._describe_due(gradebook._due(None), translator("en")))


@pytest.fixture
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the computer be in France."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Paris")
        time.tzset()
        yield
    time.tzset()
