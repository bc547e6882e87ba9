"""Fill Moodle's offline grading worksheet in place: the grade and the comment of each student, nothing else.

Moodle finds its columns by their names in the course's language and refuses a sheet that lacks one, so every
other byte stays as it is: order, quoting, line ends, byte order mark, the columns of identifiers
and dates. Source: Moodle's own assignfeedback_offline (mod/assign/feedback/offline/importgradeslib.php).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharklab import state
from sharklab.errors import (
    InputError,
)
from sharklab.grading.gradebook import table
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.grading.marking.model import Result
from sharklab.i18n import Translator, translator
from sharklab.message import (
    N_,
)

HEADERS: Mapping[str, tuple[str, ...]] = {
    "id": ("identifier", "identifiant"),
    "name": ("full name", "nom complet"),
    "email": ("email address", "adresse de courriel", "adresse courriel"),
    "grade": ("grade", "note"),
    "most": ("maximum grade", "note maximale"),
    "open": ("grade can be changed", "la note peut être modifiée", "la note peut être changée"),
    "comment": ("feedback comments", "feedback par commentaires", "commentaires de feedback"),
}
"""The names in Moodle of the columns that are read or filled, in English and in French."""
FRENCH = {"identifiant", "note", "nom complet"}
LOCKED = {"no", "non"}
_DIGITS = re.compile(r"\d+$")


@dataclass(frozen=True)
class FilledWorksheet:
    """The result of filling a worksheet: number of grades, students without a row, locked grades."""

    graded: int
    absent: tuple[str, ...]
    locked: tuple[str, ...]


def fill(file: Path, group: Class) -> FilledWorksheet:
    """Write grades and comments into the worksheet `file` for every result of `group`.

    A row belongs to the student with its identifier, else with its email address, else with its full name.
    Raises InputError when the file is no such worksheet, MachineryError when it cannot be written.
    """
    data = _read(file)
    encoding = "utf-8" if _is_utf8(data) else "cp1252"
    sheet = _Sheet(file, data.decode(encoding))
    filled = sheet.fill(group)
    state.write(file, sheet.text.encode(encoding), file.stat().st_mode & 0o777)
    return filled


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or str(error), place=str(file)) from error


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Sheet:
    """A worksheet with its cells as they are in the file, quotes included."""

    def __init__(self, file: Path, content: str) -> None:
        self._mark = "\ufeff" if content.startswith("\ufeff") else ""
        content = content.removeprefix("\ufeff")
        self._comma = max(",;\t", key=content.partition("\n")[0].count)
        self._rows = _split(content, self._comma)
        names = [_plain(cell).strip().casefold() for cell in self._rows[0][0]]
        self._columns = {
            key: next((names.index(name) for name in known if name in names), -1)
            for key, known in HEADERS.items()
        }
        if min(self._columns["id"], self._columns["grade"]) < 0:
            raise InputError(
                N_("this is no offline grading worksheet of Moodle"),
                place=str(file),
                hint=N_("download it from the assignment: Grading action, Download grading worksheet"),
            )
        self._speak: Translator = translator("fr" if FRENCH & set(names) else "en")

    @property
    def text(self) -> str:
        """The whole file's text."""
        return self._mark + "".join(self._comma.join(cells) + end for cells, end in self._rows)

    def fill(self, group: Class) -> FilledWorksheet:
        """Fill in the rows of the students of `group`."""
        done, locked = set(), set()
        for cells, _ in self._rows[1:]:
            entry = self._owner(cells, group)
            if entry is None or entry.result is None:
                continue
            done.add(entry.student)
            if self._cell(cells, "open").casefold() in LOCKED:
                locked.add(entry.student)
            else:
                self._write(cells, entry.result)
        absent = {entry.student for entry in group.entries if entry.result} - done
        return FilledWorksheet(len(done - locked), tuple(sorted(absent)), tuple(sorted(locked)))

    def _owner(self, cells: Sequence[str], group: Class) -> Entry | None:
        number = _DIGITS.search(self._cell(cells, "id"))
        email, name = self._cell(cells, "email").casefold(), self._cell(cells, "name").casefold()
        tests = (
            lambda entry: number and entry.moodle_id and _number(entry.moodle_id) == int(number[0]),
            lambda entry: email and entry.email.casefold() == email,
            lambda entry: name and entry.name.casefold() == name,
        )
        for test in tests:
            found = [entry for entry in group.entries if test(entry)]
            if len(found) == 1:
                return found[0]
        return None

    def _cell(self, cells: Sequence[str], column: str) -> str:
        index = self._columns[column]
        return _plain(cells[index]).strip() if 0 <= index < len(cells) else ""

    def _write(self, cells: list[str], result: Result) -> None:
        most = self._cell(cells, "most")
        scale = _float(most) / result.worth if _float(most) and result.worth else 1.0
        grade = f"{result.points * scale:.2f}"
        self._put(cells, "grade", grade.replace(".", ",") if "," in most else grade)
        self._put(cells, "comment", table.text(comment(result, self._speak)))

    def _put(self, cells: list[str], column: str, value: str) -> None:
        index = self._columns[column]
        if 0 <= index < len(cells):
            cells[index] = _quoted(value, self._comma)


def comment(result: Result, speak: Translator) -> str:
    """Return a result in one line: points by exercise, what was taken off, what was refused."""
    by_exercise = [
        f"{speak.prose(each.title)}: {table.number(each.points)}/{table.number(each.worth)}"
        for each in result.exercises
    ]
    taken = [f"{speak.say(each.reason)}: {table.number(each.points)}" for each in result.adjustments]
    refused = [f"{each.file}: {speak.say(each.reason)}" for each in result.problems]
    return " · ".join([*by_exercise, *taken, *refused])


def _float(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return 0.0


def _number(text: str) -> int:
    found = _DIGITS.search(text)
    return int(found[0]) if found else -1


def _split(content: str, comma: str) -> list[tuple[list[str], str]]:
    """Return each record of a CSV text: its cells as they stand there, and its line end."""
    cell = re.compile(rf'("(?:[^"]|"")*"|[^{comma}\r\n]*)({comma}|\r\n|\n|\r|\Z)')
    rows: list[tuple[list[str], str]] = []
    cells: list[str] = []
    place = 0
    while place < len(content) or cells:
        found = cell.match(content, place)
        assert found is not None  # noqa: S101 (its second part fits any text)
        cells.append(found[1])
        if found[2] != comma:
            rows.append((cells, found[2]))
            cells = []
        place = found.end()
        if place >= len(content) and found[2] != comma:
            break
    return rows or [([], "")]


def _plain(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell[:1] == cell[-1:] == '"' and len(cell) > 1 else cell


def _quoted(value: str, comma: str) -> str:
    """Return a cell as PHP's fputcsv writes it, which is what Moodle's own cells look like."""
    return '"' + value.replace('"', '""') + '"' if re.search(rf'[{comma}"\s\\]', value) else value
