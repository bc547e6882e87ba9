"""Statuses, numbers and times as a reader of one language writes them."""

from __future__ import annotations

import pytest

from sharklab.checks.outcome import Status
from sharklab.i18n import languages, translator
from sharklab.report.speech import STATUS, Words


def words(language: str = "en") -> Words:
    """Return the words of a language."""
    return Words(translator(language))


@pytest.mark.parametrize("language", languages())
def test_status_has_a_sign_and_words(language: str) -> None:
    """No two statuses of a check look or sound alike."""
    filters = words(language).filters()
    assert set(Status) == set(STATUS)
    for name in ("sign", "status", "answer"):
        assert len(Status) == len({filters[name](status) for status in Status})


@pytest.mark.parametrize(
    ("language", "value", "expected"),
    [
        ("en", 1234.5, "1,234.5"),
        ("fr", 1234.5, "1\u202f234,5"),
        ("en", 2.0, "2"),
        ("fr", 0.126, "0,13"),
    ],
)
def test_number_has_the_separators_of_the_language(language: str, value: float, expected: str) -> None:
    """At most two decimals."""
    assert expected == words(language).number(value)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0004, "0 ms"),
        (0.25, "250 ms"),
        (1, "1 s"),
        (59.5, "59.5 s"),
        (60, "1 min 00 s"),
        (125.9, "2 min 05 s"),
    ],
)
def test_duration_has_the_unit_that_suits_it(seconds: float, expected: str) -> None:
    """Milliseconds, seconds, or minutes and seconds."""
    assert expected == words().duration(seconds)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "November 20, 2026, 23:18:02 UTC"), ("fr", "20 novembre 2026, 23:18:02 UTC")],
)
def test_moment_is_utc(language: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report does not depend on the place where it is made."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert expected == words(language).moment(1_795_216_682.25)


def test_clock_has_milliseconds() -> None:
    """The time of day, as hosts log it."""
    assert "23:18:02.250" == words().clock(1_795_216_682.25)
