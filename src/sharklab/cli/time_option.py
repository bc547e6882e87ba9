"""Read the dates and times of options."""

from __future__ import annotations

import re
from datetime import datetime, time

from sharklab.errors import InputError
from sharklab.message import N_

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d|\d{4}-?W\d\d(?:-?\d)?")
"""A date without a time (ISO 8601)."""


FORMS = N_("write it like 2026-12-01, 2026-12-01T18:00 or 2026-12-01T18:00+01:00")
FORMS_OF_TODAY = N_("write it like 18:00, or with a date: 2026-12-01T18:00")


def read(text: str | None, option: str, is_end: bool = False, forms: str = FORMS) -> float:
    """Return a date and time in epoch seconds, 0 without a text. Raises InputError for other texts.

    A day alone means its beginning, or its end. The time zone is that of this computer, unless the text has
    an offset. `forms` is the hint of the error.
    """
    if not text:
        return 0.0
    try:
        moment = datetime.fromisoformat(text)
        if is_end and _DAY.fullmatch(text):  # its last minute is in time
            moment = datetime.combine(moment.date(), time(23, 59, 59))
        return moment.astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        raise InputError(
            N_("{text!r} is not a date and time"),
            place=option,
            hint=forms,
            text=text,
        ) from error


def read_exam(begin: str | None, end: str | None) -> tuple[float, float]:
    """Return when an exam begins and ends, 0 for each that is not given. Raises InputError for a lone end."""
    if end and not begin:
        raise InputError(
            N_("needs the beginning of the exam"),
            place="--end",
            hint=N_("give the beginning: --begin 2026-12-01T08:00"),
        )
    return read(begin, "--begin"), read(end, "--end", is_end=True)


def read_until(text: str, now: float) -> float:
    """Return the time of `--until` in epoch seconds, 0 without a text. Raises InputError for a past one.

    A time of day alone (18:00) is that of today.
    """
    if not text:
        return 0.0
    try:
        at = time.fromisoformat(text)
        found = datetime.combine(datetime.fromtimestamp(now).date(), at).astimezone().timestamp()
    except ValueError:
        found = read(text, "--until", is_end=True, forms=FORMS_OF_TODAY)
    if found <= now:
        raise InputError(
            N_("this time has passed"),
            place="--until",
            hint=N_("name a later time, with its date if it is not today: 2026-12-01T18:00"),
        )
    return found
