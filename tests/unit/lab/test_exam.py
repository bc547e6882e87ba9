"""The time of an exam for each student, and the code to hand in once more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.lab import exam, load, seat, seat_file
from sharklab.lab.exam import Window, Windows
from sharklab.lab.model import Exam, Lab
from sharklab.lab.roster import Student
from tests.support.errors import error_of

BEGIN = 1_796_000_000.0
ALICE, BOB = Student("alice", "", ""), Student("bob", "", "", minutes=120)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Return tp4 as an exam, on a computer without seats."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "instructor"))
    return replace(load.read_named("tp4"), exam=Exam(90))


@pytest.mark.parametrize(
    ("end", "common", "own"),
    [(0.0, 90, 120), (BEGIN + 100 * 60, 100, 120), (BEGIN + 130 * 60, 130, 130), (BEGIN + 60 * 60, 60, 120)],
)
def test_windows_are_those_of_the_lab_and_the_roster(lab: Lab, end: float, common: int, own: int) -> None:
    """A student with more minutes never ends before the others."""
    found = exam.windows(lab, [ALICE, BOB], BEGIN, end)
    assert found
    first, second = Window(BEGIN, BEGIN + common * 60), Window(BEGIN, BEGIN + own * 60)
    assert (first, second, first) == (found.of("alice"), found.of("bob"), found.of("stranger"))
    assert second == found.of("alice", "bob")


def test_minutes_are_given_while_the_exam_runs(lab: Lab) -> None:
    """`seats up` with the same times, and `grade`, give the same end again; another exam does not."""
    exam.note_windows([seat.register(lab, "alice")], exam.windows(lab, [ALICE], BEGIN))
    later = Window(BEGIN, BEGIN + 105 * 60)
    assert later == exam.give_minutes(lab, "alice", 15) == exam.own_window("tp4", "alice")
    windows = exam.windows(lab, [ALICE, BOB], BEGIN)
    assert windows and (later, 120 * 60) == (windows.of("alice"), windows.of("bob").end - BEGIN)
    exam.note_windows([seat.register(lab, "alice")], windows)
    assert later.end - 300 == exam.give_minutes(lab, "alice", -5).end
    again = exam.windows(lab, [ALICE, replace(BOB, id="alice")], BEGIN)
    assert again and BEGIN + 130 * 60 == again.of("alice").end
    other = exam.windows(lab, [ALICE], BEGIN + 60)
    assert other and other.common == other.of("alice")


@pytest.mark.parametrize("end", [0.0, BEGIN + 100 * 60])
def test_times_of_the_class_are_those_that_were_noted(lab: Lab, end: float) -> None:
    """With them, each student has the same time again, also with minutes in addition."""
    assert (0.0, 0.0) == exam.read_times(lab, ["alice", "bob"])
    names = ["alice", "bob", "carol"]
    students = [ALICE, BOB, Student("carol", "", "")]
    old = exam.windows(lab, students, BEGIN - 86400)
    exam.note_windows([seat.register(lab, name) for name in names], old)
    exam.note_windows(
        [seat.register(lab, name) for name in names[:2]], exam.windows(lab, students, BEGIN, end)
    )
    exam.give_minutes(lab, "alice", 15)
    found = exam.windows(lab, students, *exam.read_times(lab, names))
    assert found and [exam.own_window("tp4", name) for name in names[:2]] == [
        found.of(name) for name in names[:2]
    ]
    assert (0.0, 0.0) == exam.read_times(replace(lab, exam=None), names)


@pytest.mark.parametrize("minutes", [-1, 1441])
def test_minutes_are_no_more_than_a_day_and_no_less_than_none(lab: Lab, minutes: int) -> None:
    """A student has at least the time of the roster."""
    exam.note_windows([seat.register(lab, "alice")], exam.windows(lab, [ALICE], BEGIN))
    assert 0 == error_of(InputError, exam.give_minutes, lab, "alice", minutes).values["count"]
    assert Window(BEGIN, BEGIN + 5400) == exam.own_window("tp4", "alice")


def test_minutes_need_an_exam_that_is_noted(lab: Lab, tmp_path: Path) -> None:
    """No other lab, no student without a time, no seat whose time is in its file."""
    messages = [
        error_of(InputError, exam.give_minutes, replace(lab, exam=None), "alice", 5).message_id,
        error_of(InputError, exam.give_minutes, lab, "alice", 5).message_id,
    ]
    assert 2 == len(set(messages))
    exam.note_windows([seat.register(lab, "alice")], exam.windows(lab, [ALICE], BEGIN))
    seat_file.install(seat_file.create(load.read_named("tp4"), "alice", tmp_path / "seats"))
    assert messages[1] == error_of(InputError, exam.give_minutes, lab, "alice", 5).message_id


def test_windows_without_a_beginning_are_unknown(lab: Lab) -> None:
    """Nothing is then refused."""
    assert exam.windows(lab, [BOB], 0.0) is None
    assert exam.windows(load.read_named("tp4"), [BOB], 0.0) is None


@pytest.mark.parametrize(
    ("own", "students", "end", "message", "place"),
    [
        (None, [], 0.0, "the lab {lab} is not an exam", "--begin"),
        (Exam(90), [], BEGIN, "the exam ends before it begins", "--end"),
        (
            Exam(90),
            [replace(BOB, minutes=30)],
            0.0,
            "these students have fewer minutes than the exam ({minutes}): {students}",
            "--roster",
        ),
    ],
)
def test_windows_refuses_times_that_are_none(
    lab: Lab, own: Exam | None, students: list[Student], end: float, message: str, place: str
) -> None:
    """A column with the additional minutes alone is found, too."""
    error = error_of(InputError, exam.windows, replace(lab, exam=own), students, BEGIN, end)
    assert (message, place) == (error.message_id, error.place)


def test_code_is_checked_on_the_students_machine(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seat file has a SHA-256 and not the code; case, blanks and hyphens do not matter."""
    monkeypatch.setattr(load, "read_named", lambda name: lab)
    times = Windows(Window(BEGIN, BEGIN + 5400))
    file = seat_file.create_all(lab, ["alice"], tmp_path / "seats", times)["alice"]
    code = exam.code("tp4", "alice")
    assert exam.is_code("tp4", "alice", code)
    assert code not in file.read_text() and code.replace("-", "") not in file.read_text()
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "student"))
    assert exam.own_window("tp4", "alice") is None
    seat_file.install(file)
    assert times.common == exam.own_window("tp4", "alice")
    for text in (code, code.upper(), code.replace("-", " ")):
        assert exam.is_code("tp4", "alice", text)
    for text in ("", code[:-1], exam.code("tp4", "alice")):  # the last is of this machine's own secret
        assert not exam.is_code("tp4", "alice", text)


def test_codes_differ_by_student_and_lab(lab: Lab) -> None:
    """One student's code opens nothing for another."""
    codes = {exam.code(name, student) for name in ("tp4", "tcpdump") for student in ("alice", "bob")}
    assert 4 == len(codes)
    assert not exam.is_code("tp4", "bob", exam.code("tp4", "alice"))


def test_code_of_a_seat_file_without_one_is_never_right(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seat file of an older version has no code."""
    file = seat_file.create(load.read_named("tp4"), "alice", tmp_path / "seats")
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "student"))
    seat_file.install(file)
    assert seat.read_import("tp4", "alice") and not exam.is_code("tp4", "alice", "x")


def test_local_time_has_the_zone() -> None:
    """A student and an instructor in two zones mean the same moment."""
    text = exam.local_time(BEGIN)
    assert text.startswith("2026-11-") and "(UTC" in text


def test_a_class_server_knows_the_time_of_each_student(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the seat files were made, or the seats came up; a call without times changes nothing."""
    monkeypatch.setattr(load, "read_named", lambda name: lab)
    longer = Window(BEGIN, BEGIN + 7200)
    times = Windows(Window(BEGIN, BEGIN + 5400), {"bob": longer})
    seat_file.create_all(lab, ["alice", "bob"], tmp_path / "seats", times)
    exam.note_windows(seat.register_all(lab, ["alice", "bob"]), None)
    assert (times.common, longer) == tuple(exam.own_window("tp4", name) for name in ("alice", "bob"))
    assert exam.own_window("tp4", "eve") is None
