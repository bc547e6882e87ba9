"""Dates and times of options: which moment is meant, in the time zone of the computer."""

from __future__ import annotations

from datetime import datetime

import pytest

from sharklab.cli import time_option
from sharklab.errors import InputError
from tests.support.errors import error_of


@pytest.mark.usefixtures("in_paris")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-28", "2026-11-28T23:59:59+01:00"),
        ("20261128", "2026-11-28T23:59:59+01:00"),
        ("2026-10-25", "2026-10-25T23:59:59+01:00"),
        ("2026-W48-6", "2026-11-28T23:59:59+01:00"),
        ("2026-11-28T00:00", "2026-11-28T00:00:00+01:00"),
        ("2026-11-28T18:00+03:00", "2026-11-28T16:00:00+01:00"),
    ],
)
def test_end_is_a_moment_in_the_time_zone_of_the_computer(text: str, said: str) -> None:
    """A day alone ends at its last second, also when the clock changes."""
    assert datetime.fromisoformat(said).timestamp() == time_option.read(text, "--due", is_end=True)


@pytest.mark.usefixtures("in_paris")
def test_read_takes_the_beginning_of_a_day() -> None:
    """Without a text there is no moment."""
    day = datetime.fromisoformat("2026-11-28T00:00:00+01:00").timestamp()
    assert (day, 0.0, 0.0) == tuple(time_option.read(text, "--begin") for text in ("2026-11-28", "", None))


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", "9999999-01-01"])
def test_read_refuses_other_texts(text: str) -> None:
    """The error names the option."""
    error = error_of(InputError, time_option.read, text, "--begin")
    assert ("{text!r} is not a date and time", "--begin") == (error.message_id, error.place)


def test_read_exam_needs_a_beginning() -> None:
    """Neither is asked for where there is no exam."""
    assert (0.0, 0.0) == time_option.read_exam(None, None)
    begin, end = time_option.read_exam("2026-12-01T08:00", "2026-12-01T09:30")
    assert 5400 == end - begin
    error = error_of(InputError, time_option.read_exam, None, "2026-12-01")
    assert ("needs the beginning of the exam", "--end") == (error.message_id, error.place)


@pytest.mark.usefixtures("in_paris")
def test_a_time_of_day_is_that_of_today() -> None:
    """It must be to come; with its date it may be on another day."""
    now = datetime.fromisoformat("2026-11-28T12:00:00+01:00").timestamp()
    assert (now + 6 * 3600, 0.0) == tuple(time_option.read_until(text, now) for text in ("18:00", ""))
    assert now + 24 * 3600 == time_option.read_until("2026-11-29T12:00", now)
    for text in ("11:59", "12:00", "2026-11-27"):
        error = error_of(InputError, time_option.read_until, text, now)
        assert ("this time has passed", "--until") == (error.message_id, error.place)
    error = error_of(InputError, time_option.read_until, "soon", now)
    assert ("--until", time_option.FORMS_OF_TODAY) == (error.place, error.hint_id)
