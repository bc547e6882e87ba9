"""Statuses, numbers, durations and dates as a reader of one language writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal

from sharklab.checks.outcome import Status
from sharklab.i18n import Translator
from sharklab.message import N_

STATUS = {
    Status.PASSED: ("✓", N_("achieved"), N_("measured")),
    Status.FAILED: ("✗", N_("not achieved"), N_("not found")),
    Status.ERROR: ("!", N_("could not be checked"), N_("could not be measured")),
    Status.INCONCLUSIVE: ("?", N_("inconclusive"), N_("inconclusive")),
    Status.SKIPPED: ("–", N_("skipped"), N_("skipped")),
}
"""A sign, the word for an exercise or a check, and the word for an answer."""


class Words:
    """Puts values into words for templates."""

    def __init__(self, speak: Translator) -> None:
        self.speak = speak

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters that templates use."""
        return {
            "sign": lambda status: STATUS[status][0],
            "status": lambda status: self.speak.gettext(STATUS[status][1]),
            "answer": lambda status: self.speak.gettext(STATUS[status][2]),
            "number": self.number,
            "duration": self.duration,
            "moment": self.moment,
            "clock": self.clock,
        }

    def number(self, value: float) -> str:
        """Return a number with the language's separators, at most two decimals."""
        return _number(value, self.speak.language)

    def duration(self, seconds: float) -> str:
        """Return a duration in the unit that suits it: ms, s, or min and s."""
        if seconds < 1:
            return f"{self.number(round(seconds * 1000))} ms"
        if seconds < 60:
            return f"{self.number(seconds)} s"
        return f"{int(seconds // 60)} min {int(seconds % 60):02} s"

    def moment(self, epoch: float) -> str:
        """Return a date and time in UTC, for a report must not depend on where it is rendered."""
        at = datetime.fromtimestamp(epoch, UTC)
        return f"{format_date(at, 'long', locale=self.speak.language)}, {at:%H:%M:%S} UTC"

    def clock(self, epoch: float) -> str:
        """Return the time of day in UTC with milliseconds, as hosts log it."""
        return datetime.fromtimestamp(epoch, UTC).strftime("%H:%M:%S.%f")[:-3]


@lru_cache(maxsize=4096)
def _number(value: float, language: str) -> str:
    """Return a number in words; a page has few different ones, and Babel takes its time."""
    return format_decimal(value, "#,##0.##", locale=language)
