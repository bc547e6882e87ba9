"""The gradebook as CSV (RFC 4180), in UTF-8: a line for each student, a column for each exercise.

A spreadsheet runs what looks like a formula, and names and answers are students' own: text that begins like
one, or would after a separator that the reader's spreadsheet splits at, gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from sharklab.grading.gradebook.model import Class, Entry, state
from sharklab.untrusted import visible

_FORMULA = re.compile(r"(^|[,;\t\r\n|])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""The four signs that begin a formula, also in full width."""

COLUMNS = ("student", "name", "email")
TOTALS = ("adjustments", "points", "worth", "percent", "state", "handed_in", "seal", "remarks", "note")


def text(value: str) -> str:
    """Return `value` as a cell that no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1\2'", visible(value))


def gradebook(group: Class) -> str:
    """Return gradebook.csv of a class: points as plain numbers with a dot, times as ISO 8601 in UTC."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    exercises = [exercise.id for exercise in group.exercises]
    writer.writerow([*COLUMNS, *exercises, *TOTALS])
    for entry in group.entries:
        writer.writerow([*_who(entry), *_exercises(entry, exercises), *_totals(entry)])
    return out.getvalue()


def number(value: float) -> str:
    """Return points as a spreadsheet reads them: at most four decimals, none that say nothing."""
    return f"{value + 0.0:.4f}".rstrip("0").rstrip(".")


def _who(entry: Entry) -> Iterator[str]:
    yield from (text(entry.student), text(entry.name), text(entry.email))


def _exercises(entry: Entry, exercises: list[str]) -> Iterator[str]:
    points = {each.id: number(each.points) for each in entry.result.exercises} if entry.result else {}
    yield from (points.get(exercise, "") for exercise in exercises)


def _totals(entry: Entry) -> Iterator[str]:
    result = entry.result
    if result is None:
        yield from ("", "", "", "", state(entry), "", "", str(len(entry.odd)), text(str(entry.problem)))
        return
    yield number(sum(each.points for each in result.adjustments))
    yield number(result.points)
    yield number(result.worth)
    yield number(round(100 * result.points / result.worth, 2)) if result.worth else ""
    yield state(entry)
    yield moment(result.made)
    yield str(result.seal)
    yield str(len(entry.odd))
    yield text("; ".join(f"{each.file}: {each.reason}" for each in result.problems))


def moment(epoch: float) -> str:
    """Return a time as ISO 8601 in UTC, or nothing for one that is not known."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if epoch else ""
