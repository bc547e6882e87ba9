"""The gradebook as CSV (RFC 4180), in UTF-8: a line for each student, a column for each exercise.

One file is for programs, and one for each language is for spreadsheets. A spreadsheet takes the separator and
the decimal sign from the language of its computer: no single file opens by a double click in all of them.

A spreadsheet runs what looks like a formula, and names and answers are students' own: text that begins like
one, or would after a separator that the reader's spreadsheet splits at, gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from sharklab.grading.gradebook.model import GRADED, MISSING, UNREADABLE, Class, Entry, state
from sharklab.grading.marking.model import Result
from sharklab.i18n import Translator, translator
from sharklab.message import N_
from sharklab.untrusted import visible

_FORMULA = re.compile(r"(^|[,;\t\r\n|])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""The four signs that begin a formula, also in full width."""

COLUMNS = ("student", "name", "email")
TOTALS = (
    *("adjustments", "points", "worth", "percent", "state", "handed_in", "seal", "remarks", "note"),
    *("group", "handed_in_by"),
)
_SIGNS = {"fr": (";", ",")}
"""The separator and the decimal sign of spreadsheets in each language; other languages have , and a dot."""
_STATES = {GRADED: N_("graded"), UNREADABLE: N_("not readable"), MISSING: N_("not handed in")}
_COLUMNS = (N_("Identifier"), N_("Name"), N_("E-mail address"), N_("Group"))
_TOTALS = (
    *(N_("Adjustments"), N_("Points"), N_("Maximum"), N_("Percent"), N_("State"), N_("Handed in (UTC)")),
    *(N_("Handed in by"), N_("Remarks"), N_("Note")),
)


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


def spreadsheet(group: Class, language: str) -> str:
    """Return the gradebook for a spreadsheet in `language`, which opens it by a double click.

    A byte order mark tells the spreadsheet that the text is UTF-8. A file with the line `sep=;` would not do:
    Excel then takes the text for Windows-1252, and Moodle takes the line for the headings.
    """
    speak, (separator, decimal) = translator(language), _SIGNS.get(language, (",", "."))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", delimiter=separator)
    titles = [text(speak.prose(exercise.title)) for exercise in group.exercises]
    writer.writerow([*map(speak.gettext, _COLUMNS), *titles, *map(speak.gettext, _TOTALS)])
    for entry in group.entries:
        writer.writerow(_spreadsheet_row(entry, group, speak, decimal))
    return "\ufeff" + out.getvalue()


def _spreadsheet_row(entry: Entry, group: Class, speak: Translator, decimal: str) -> list[str]:
    result = entry.result
    points = _exercises(entry, [exercise.id for exercise in group.exercises])
    sums: tuple[str, ...] = ("", "", "", "")
    note, made = speak.say(entry.problem), ""
    if result:
        sums = _sums(result)
        note = "; ".join(f"{each.file}: {speak.say(each.reason)}" for each in result.problems)
        made = moment(result.made).replace("T", " ").removesuffix("Z")
    numbers = [each.replace(".", decimal) for each in (*points, *sums)]
    says = (speak.gettext(_STATES[state(entry)]), made, text(entry.author), str(len(entry.odd)), text(note))
    return [*_who(entry), text(entry.group), *numbers, *says]


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
    yield from _sums(result) if result else ("", "", "", "")
    yield state(entry)
    yield moment(result.made) if result else ""
    yield str(result.seal) if result else ""
    yield str(len(entry.odd))
    refused = result.problems if result else ()
    yield text("; ".join(f"{each.file}: {each.reason}" for each in refused) or str(entry.problem))
    yield from (text(entry.group), text(entry.author))


def _sums(result: Result) -> tuple[str, ...]:
    """Return the points that were taken off, the points, the maximum, and the percentage."""
    adjustments = number(sum(each.points for each in result.adjustments))
    percent = number(round(100 * result.points / result.worth, 2)) if result.worth else ""
    return adjustments, number(result.points), number(result.worth), percent


def moment(epoch: float) -> str:
    """Return a time as ISO 8601 in UTC, or nothing for one that is not known."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if epoch else ""
