"""Facts that outlive the hosts of a seat: its first start and its hints."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.lab import diary
from sharklab.lab.model import Seat
from tests.support import provider_seat
from tests.support.errors import error_of


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    """Return a seat of a computer without others."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    return provider_seat.plan("ada", 1).seat


def test_begin_notes_the_first_start_alone(own: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later start changes nothing; another student's seat has its own."""
    assert 0.0 == diary.read_begin(own)
    for now in (1000.12345, 2000.0):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        diary.begin(own)
    assert 1000.123 == diary.read_begin(own)
    assert 0.0 == diary.read_begin(replace(own, student="bob"))


def test_hints_are_kept_beside_the_start(own: Seat) -> None:
    """Each once, sorted; the file is for its owner alone."""
    diary.begin(own)
    for name in ("ssh/fin", "dns/types", "ssh/fin"):
        diary.take_hint(own, name)
    assert ("dns/types", "ssh/fin") == diary.hints(own)
    assert diary.read_begin(own) > 0
    [file] = (state.root() / "diary").glob("*/*.json")
    assert 0o600 == file.stat().st_mode & 0o777


@pytest.mark.parametrize("content", ["{", "3"])
def test_damaged_diary_is_an_error(own: Seat, content: str) -> None:
    """The error names the file."""
    diary.begin(own)
    [file] = (state.root() / "diary").glob("*/*.json")
    file.write_text(content)
    error = error_of(MachineryError, diary.hints, own)
    assert ("the file is damaged: {fault}", str(file)) == (error.message_id, error.place)


def test_exam_is_noted_in_its_order(own: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check, each refusal and each submission has its time; nothing is lost."""
    for now in (1000.12345, 2000.0):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        diary.note_check(own)
        diary.note_refused(own, f"asked at {now:g}")
        diary.note_submission(own, f"digest {now:g}")
    assert (1000.123, 2000.0) == diary.checks(own)
    assert ((1000.123, "asked at 1000.12"), (2000.0, "asked at 2000")) == diary.list_refusals(own)
    assert ((1000.123, "digest 1000.12"), (2000.0, "digest 2000")) == diary.submissions(own)


def test_diary_without_an_exam_is_empty(own: Seat) -> None:
    """A diary of an older version has none of it."""
    diary.begin(own)
    assert ((), (), ()) == (diary.checks(own), diary.list_refusals(own), diary.submissions(own))


def test_solutions_are_kept_beside_the_hints(own: Seat) -> None:
    """Each exercise once, sorted."""
    diary.take_hint(own, "ssh/fin")
    diary.solve(own, ["nfs", "dns"])
    diary.solve(own, ["nfs"])
    assert (("dns", "nfs"), ("ssh/fin",)) == (diary.list_solved(own), diary.hints(own))


def test_the_time_of_an_exam_is_kept_beside_the_rest(own: Seat) -> None:
    """By the names of the seat: no seat is needed to ask for it."""
    assert diary.exam(own.lab, own.student) is None
    diary.begin(own)
    diary.note_exam(own, 1.0, 2.0)
    assert (1.0, 2.0) == diary.exam(own.lab, own.student) and diary.read_begin(own)
