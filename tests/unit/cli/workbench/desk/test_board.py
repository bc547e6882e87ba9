"""The class at a glance: the notes about each student, the states of exercises, and the order of the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.checks.outcome import Status
from sharklab.cli import seats as cli_seats
from sharklab.cli.workbench.desk import board
from sharklab.errors import MachineryError
from sharklab.grading.marking.model import ExerciseResult, Result
from sharklab.i18n import translator
from sharklab.lab import diary, help_note, load, seat, submission_store
from sharklab.lab.model import Lab
from sharklab.lab.roster import Student
from tests.support import gradebook_sample
from tests.support.errors import error_of

NOW = 1_000_000.0
STUDENTS = [Student(id, f"{id} of the class", "") for id in ("alice", "bob", "carol")]


@pytest.fixture
def lab(mylab: Path) -> Lab:
    """Return the lab of the class, whose one exercise is `page`."""
    return load.read_named(str(mylab))


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that says how many minutes after `NOW` it is; it is `NOW`."""

    def set_to(minutes: float) -> None:
        monkeypatch.setattr("time.time", lambda: NOW + 60 * minutes)

    set_to(0)
    return set_to


def result(points: float, worth: float = 4) -> Result:
    """Return a result with the points of `page`."""
    mark = gradebook_sample.mark("handshake", points, worth, Status.FAILED)
    page = ExerciseResult("page", "I", gradebook_sample.TITLE, (mark,))
    return replace(gradebook_sample.result(), exercises=(page,))


def rows(lab: Lab, lang: str = "en") -> dict[str, dict[str, Any]]:
    """Return the rows by student, in their order."""
    return {row["student"]: row for row in board.rows(lab, STUDENTS, translator(lang))}


def test_student_without_notes_has_no_points(lab: Lab) -> None:
    """Most students of a class have not begun."""
    assert board.BoardRecord({}) == board.read("mylab", "alice")
    row = rows(lab)["alice"]
    assert ("alice of the class", {}, False) == (row["name"], row["hosts"], row["is_done"])
    assert (0, 0, 0.0, 0, 0, -1, 0.0) == tuple(
        row[name] for name in ("points", "worth", "checked", "stuck", "hints", "hand", "handed")
    )


def test_check_leaves_its_points(lab: Lab, set_clock: Callable[[float], None]) -> None:
    """A check without a gain changes its own time alone, and the most points stay."""
    board.note_check("mylab", "alice", result(3))
    assert board.BoardRecord({"page": (3, 4, 3)}, NOW, NOW) == board.read("mylab", "alice")
    set_clock(1)
    board.note_check("mylab", "alice", result(1))
    assert board.BoardRecord({"page": (1, 4, 3)}, NOW, NOW + 60) == board.read("mylab", "alice")
    set_clock(2)
    board.note_check("mylab", "alice", result(3))
    assert NOW == board.read("mylab", "alice").gained
    board.note_check("mylab", "alice", result(4))
    assert board.BoardRecord({"page": (4, 4, 4)}, NOW + 120, NOW + 120) == board.read("mylab", "alice")
    assert board.BoardRecord({}) == board.read("mylab", "bob") == board.read("other", "alice")
    assert (4, 4) == (rows(lab)["alice"]["points"], rows(lab)["alice"]["worth"])


@pytest.mark.parametrize(
    ("points", "expected"),
    [([4], board.NOW), ([4, 3], board.ONCE), ([3], board.NEVER), ([], board.NEVER)],
)
def test_exercise_is_achieved_now_once_or_never(lab: Lab, points: list[float], expected: str) -> None:
    """The most points ever count for `once`."""
    for each in points:
        board.note_check("mylab", "alice", result(each))
    row = rows(lab, "fr")["alice"]
    assert [{"part": "", "title": "Une page", "state": expected}] == row["exercises"]
    assert (expected == board.NOW) == row["is_done"]


def test_exercise_without_worth_is_never_achieved(lab: Lab) -> None:
    """On a computer without its seat no criterion counts."""
    board.note_check("mylab", "alice", result(0, worth=0))
    assert [board.NEVER] == [each["state"] for each in rows(lab)["alice"]["exercises"]]


@pytest.mark.parametrize(("sees_hosts", "expected"), [(True, 1.0), (False, 3.0)])
def test_folder_alone_takes_nothing_from_a_check(lab: Lab, sees_hosts: bool, expected: float) -> None:
    """Unless the state of the hosts was known as well."""
    board.note_check("mylab", "alice", result(3))
    board.note_points("mylab", "alice", {"page": (1.0, 4.0)}, sees_hosts)
    assert (expected, 4.0, 3.0) == board.read("mylab", "alice").points["page"]


def test_points_of_a_fresh_seat_are_no_progress(lab: Lab, set_clock: Callable[[float], None]) -> None:
    """They are neither a gain nor points of the row; another version of the lab has other ones."""
    assert not board.has_fresh(lab)
    board.note_fresh(lab, {"page": (1.0, 4.0)})
    assert board.has_fresh(lab) and not board.has_fresh(replace(lab, data={**lab.data, "title": "other"}))
    board.note_check("mylab", "alice", result(1))
    assert (0.0, 3.0, NOW) == (
        rows(lab)["alice"]["points"],
        rows(lab)["alice"]["worth"],
        rows(lab)["alice"]["checked"],
    )
    assert 0.0 == board.read("mylab", "alice").gained
    set_clock(1)
    board.note_points("mylab", "alice", {"page": (2.0, 4.0)}, False)
    assert (NOW + 60, 1.0) == (board.read("mylab", "alice").gained, rows(lab)["alice"]["points"])


def test_change_is_told_in_minutes(lab: Lab, set_clock: Callable[[float], None]) -> None:
    """A change without a gain is no progress; a check is a change of what is known."""
    assert -1 == rows(lab)["alice"]["changed"]
    board.note_check("mylab", "alice", result(1))
    set_clock(20)
    board.note_change("mylab", "alice")
    set_clock(25)
    assert (5, 25) == (rows(lab)["alice"]["changed"], rows(lab)["alice"]["stuck"])


@pytest.mark.parametrize("content", ["", "3", "[1]"])
def test_damaged_points_of_a_fresh_seat_are_named(lab: Lab, content: str) -> None:
    """The file is the place."""
    board.note_fresh(lab, {})
    [file] = (state.root() / "workbench" / "fresh").iterdir()
    file.write_text(content)
    assert str(file) == error_of(MachineryError, board.fresh, "mylab").place


def test_row_tells_help(lab: Lab, set_clock: Callable[[float], None]) -> None:
    """The minutes since the hand is up, the right at terminals, and the messages that are not read."""
    help_note.raise_hand("mylab", "alice", True)
    help_note.tell("mylab", "alice", "I come.")
    set_clock(5)
    names = ("hand", "right", "letters")
    found = rows(lab)
    assert (5, help_note.SEE, 1) == tuple(found["alice"][name] for name in names)
    assert (-1, help_note.NOTHING, 0) == tuple(found["bob"][name] for name in names)


def test_longest_without_progress_comes_first(
    lab: Lab, set_clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order: at work by the time since the last gain or the beginning, then done, then handed in."""
    for minutes, student in ((0, "carol"), (20, "alice"), (10, "bob")):
        set_clock(minutes)
        diary.begin(seat.look_up(lab, student))
    set_clock(50)
    assert {"carol": 50, "bob": 40, "alice": 30} == {name: row["stuck"] for name, row in rows(lab).items()}
    assert ["carol", "bob", "alice"] == list(rows(lab))
    board.note_check("mylab", "carol", result(3))
    set_clock(60)
    assert [("bob", 50), ("alice", 40), ("carol", 10)] == [
        (name, row["stuck"]) for name, row in rows(lab).items()
    ]
    board.note_check("mylab", "bob", result(4))
    set_clock(61)
    board.note_check("mylab", "alice", result(3))
    assert ["carol", "alice", "bob"] == list(rows(lab))
    monkeypatch.setattr(submission_store, "last", lambda name: {"alice": NOW})
    assert ["carol", "bob", "alice"] == list(rows(lab))
    assert (NOW, 5) == (rows(lab)["alice"]["handed"], len(rows(lab)["alice"]["handed_at"]))


def test_row_tells_hosts_and_hints(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of a host is in the reader's words."""
    seats = [{"student": "bob", "hosts": {"server": "running"}}]
    monkeypatch.setattr(cli_seats, "status", lambda name: seats if name == "mylab" else [])
    diary.take_hint(seat.look_up(lab, "bob"), "page/handshake")
    found = rows(lab, "fr")
    assert ({"server": translator("fr").gettext("running")}, 1) == (
        found["bob"]["hosts"],
        found["bob"]["hints"],
    )
    assert ({}, 0) == (found["alice"]["hosts"], found["alice"]["hints"])


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"points": {"page": [1]}}', '{"points": {}, "gained": []}', '{"points": 1}']
)
def test_damaged_notes_are_named(lab: Lab, content: str) -> None:
    """No check replaces them: somebody looks at the file first."""
    board.note_check("mylab", "alice", result(1))
    [file] = (state.root() / "workbench").rglob("alice.json")
    file.write_text(content)
    assert str(file) == error_of(MachineryError, board.read, "mylab", "alice").place
    error_of(MachineryError, board.note_check, "mylab", "alice", result(1))
    assert content == file.read_text()
