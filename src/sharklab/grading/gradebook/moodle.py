"""Fill Moodle's offline grading worksheet in place: the grade and the comment of each student, nothing else.

Moodle finds its columns by their names in the course's language, refuses a sheet that lacks one, and reads
UTF-8 with commas only. Therefore every byte of such a sheet that is not ours stays as it is. A sheet that a
spreadsheet saved in another way is written as Moodle reads it; one in a workbook is written into a CSV file
beside it, because Moodle takes no workbook. A sheet that cannot be filled is refused at
once. Source: Moodle's mod/assign/gradingtable.php and mod/assign/feedback/offline/importgradeslib.php.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from sharklab import state
from sharklab.errors import InputError
from sharklab.grading.gradebook import table
from sharklab.grading.gradebook.filled_rows import FilledRows
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.grading.marking.model import Result
from sharklab.i18n import Translator, translator
from sharklab.lab import table_file
from sharklab.lab.csv_table import CsvTable
from sharklab.lab.roster import Student, own_group
from sharklab.message import N_, NN_
from sharklab.report.speech import Words

HEADERS: Mapping[str, tuple[str, ...]] = {
    "id": ("identifier", "identifiant", "id"),
    "name": ("full name", "nom complet", "vollstandiger name"),
    "email": (
        *("email address", "adresse de courriel", "adresse courriel", "adresse e-mail", "e-mail-adresse"),
    ),
    "group": ("group", "groupe", "gruppe"),
    "grade": ("grade", "note", "bewertung"),
    "most": ("maximum grade", "note maximale", "bestwertung", "beste bewertung", "maximale bewertung"),
    "scale": ("scale", "bareme", "echelle", "skala"),
    "open": (
        *("grade can be changed", "la note peut etre modifiee", "la note peut etre changee"),
        "bewertung kann geandert werden",
    ),
    "comment": (
        *("feedback comments", "feedback par commentaires", "commentaires de feedback"),
        *("feedback als kommentar", "feedback als kommentare", "feedback-kommentare"),
    ),
}
"""The names in Moodle of the columns that are read or filled, as `csv_table.plain` gives them."""
FRENCH = {"identifiant", "note", "nom complet"}
DECIMAL_COMMA = FRENCH | {"bewertung"}
LOCKED = {"no", "non", "nein"}
Person = TypeVar("Person", Entry, Student)
_IDENTIFIER = re.compile(r"\D*(\d+)")
"""Moodle's identifier: a word of the course's language, then the number of the participant."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class FilledWorksheet:
    """The result of filling a worksheet: the file, number of grades, students without row, locked grades.

    `rows` is what sharklab wrote last into each row, also of a row that is empty now: an older copy of the
    worksheet may still have it. `removed` are the students whose
    grade of an earlier run was removed, `old` those without a result whose row has a grade all the same.
    """

    file: Path
    graded: int
    rows: FilledRows
    absent: tuple[str, ...]
    locked: tuple[str, ...]
    removed: tuple[str, ...]
    old: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    """A record of the worksheet: its line, its cells with the quotes of the file, and its line end."""

    line: int
    cells: list[str]
    end: str


def read(file: Path, scale: Sequence[float] = ()) -> Worksheet:
    """Return the worksheet in `file`, which can be filled.

    `scale` is the least percentage of each item of a grading scale, lowest first. Raises InputError when the
    file is no worksheet or cannot be written, when its grade is a scale and `scale` does not fit, or when its
    maximum is no number.
    """
    known = {word for words in HEADERS.values() for word in words}
    sheet = Worksheet(table_file.read(file, known), tuple(scale))
    if not all(os.access(place, os.W_OK) for place in (file, file.absolute().parent)):
        raise InputError(
            N_("the worksheet cannot be written"),
            place=str(file),
            hint=N_("allow writing to the file and to its folder, or copy the file"),
        )
    return sheet


def fill(file: Path, group: Class, scale: Sequence[float] = ()) -> FilledWorksheet:
    """Write grades and comments of every result of `group` into the worksheet `file`, or beside a workbook.

    Raises InputError as `read` does, and MachineryError when the file cannot be written.
    """
    return read(file, scale).fill(group)


class Worksheet:
    """A worksheet that can be filled.

    A row belongs to the student with its identifier, else with its e-mail address, else with its full name.
    If two students have the same one, no row belongs to them by it.
    """

    def __init__(self, sheet: CsvTable, scale: tuple[float, ...]) -> None:
        self._sheet = sheet
        names = sheet.plain_headings
        self._columns = {
            key: next((names.index(name) for name in known if name in names), -1)
            for key, known in HEADERS.items()
        }
        if min(self._columns["id"], self._columns["grade"]) < 0:
            raise InputError(
                N_("this is no offline grading worksheet of Moodle"),
                place=str(sheet.file),
                hint=N_("download it from the assignment: Grading action, Download grading worksheet"),
            )
        self._records = _split(sheet.text, sheet.separator)
        self._rows = self._students()
        self._speak: Translator = translator("fr" if FRENCH & set(names) else "en")
        self._items = self._scale_items()
        self._scale = _check_scale(scale, self._items, str(sheet.file))
        self._most = 0.0 if self._items else self._find_most()
        written = [self._cell(row, "most") for row in self._rows]
        self._comma = any("," in text for text in written) or (
            bool(DECIMAL_COMMA & set(names)) and not any("." in text for text in written)
        )

    @property
    def target(self) -> Path:
        """The file that is filled: the worksheet itself, or a CSV file beside a workbook."""
        file = self._sheet.file
        return file.with_name(f"{file.stem}-filled.csv") if self._sheet.is_workbook else file

    def with_groups(self, students: Iterable[Student]) -> tuple[Student, ...]:
        """Return `students` with the groups of the worksheet, which has them if groups hand in together.

        A group of the roster stays.
        """
        students = tuple(students)
        own = _Owners(students)
        groups: dict[str, str] = {}
        for row in self._rows:
            if student := self._owner(row, own):
                groups[student.id] = own_group(self._cell(row, "group"))
        return tuple(replace(each, group=each.group or groups.get(each.id, "")) for each in students)

    def check(self, entries: Sequence[Entry]) -> tuple[str, ...]:
        """Return the students who handed in and have no row.

        Raises InputError when no row belongs to a student of the class.
        """
        own = _Owners(entries)
        owners = {entry.student for row in self._rows for entry in [self._owner(row, own)] if entry}
        if entries and not owners:
            raise InputError(
                N_("no row of the worksheet belongs to a student of the class"),
                place=str(self._sheet.file),
                hint=N_(
                    "compare its identifiers, e-mail addresses and names with the roster; for a worksheet "
                    "without names, grade the unpacked folder of Moodle's download"
                ),
            )
        return tuple(sorted(entry.student for entry in entries if entry.file and entry.student not in owners))

    def fill(self, group: Class, before: FilledRows | None = None) -> FilledWorksheet:
        """Write grade and comment of every result of `group` into `target`.

        A row that an earlier run filled (`before`), and that is still as it was then, becomes empty when its
        student has no result any more. Raises MachineryError when the file cannot be written.
        """
        own, rows = _Owners(group.entries), dict(before or {})
        done, locked, removed, old = set[str](), set[str](), set[str](), set[str]()
        for row in self._rows:
            entry = self._owner(row, own)
            is_locked = self._cell(row, "open").casefold() in LOCKED
            if entry and entry.result:
                done.add(entry.student)
                if is_locked:
                    locked.add(entry.student)
                else:
                    self._put(row, "grade", self._grade(entry.result))
                    self._put(row, "comment", table.text(comment(entry.result, self._speak)))
                    rows[self._number(row)] = self._read_filling(row)
            elif not is_locked and self._read_filling(row) == rows.get(self._number(row)):
                self._put(row, "grade", "")
                self._put(row, "comment", "")
                removed.add(self._name(row, entry))
            elif entry and self._cell(row, "grade"):
                old.add(entry.student)
        state.write(self.target, self._content(), self._sheet.file.stat().st_mode & 0o777)
        absent = {entry.student for entry in group.entries if entry.result} - done
        names = (tuple(sorted(each)) for each in (absent, locked, removed, old))
        return FilledWorksheet(self.target, len(done - locked), rows, *names)

    def _number(self, row: _Row) -> str:
        return str(_number(self._cell(row, "id")))

    def _read_filling(self, row: _Row) -> tuple[str, str]:
        return self._cell(row, "grade"), self._cell(row, "comment")

    def _name(self, row: _Row, entry: Entry | None) -> str:
        """Return the student of a row, or what the row says of a person who is not in the class."""
        return entry.student if entry else self._cell(row, "name") or self._cell(row, "id")

    def _students(self) -> list[_Row]:
        """Return the rows of students. Raises InputError for one that cannot be filled."""
        whole = [record for record in self._records if any(_plain(cell).strip() for cell in record[0])]
        lines = [self._sheet.headings.line, *(row.line for row in self._sheet.rows)]
        rows = [_Row(line, *record) for line, record in zip(lines, whole, strict=True)]
        head, *rest = rows
        for row in rest:
            if len(row.cells) != len(head.cells):
                raise self._error(
                    row,
                    NN_(
                        "the line has {count} cell, but the first line has {headings}",
                        "the line has {count} cells, but the first line has {headings}",
                    ),
                    N_("download the worksheet again, and do not save it with a spreadsheet"),
                    count=len(row.cells),
                    headings=len(head.cells),
                )
            if not _IDENTIFIER.fullmatch(self._cell(row, "id")):
                raise self._error(
                    row,
                    N_("{text!r} is not an identifier of Moodle, such as Participant 12"),
                    N_("download the worksheet again, and do not save it with a spreadsheet"),
                    text=self._cell(row, "id"),
                )
        return rest

    def _scale_items(self) -> tuple[str, ...]:
        """Return the items of the grading scale, the lowest first; a worksheet with points has none."""
        texts = [text for row in self._rows for text in [self._cell(row, "scale")] if text]
        return tuple(item.strip() for item in texts[0].splitlines() if item.strip()) if texts else ()

    def _find_most(self) -> float:
        """Return the maximum grade. Raises InputError when it is no number, or not the same in all rows."""
        rows: dict[float, _Row] = {}
        for row in self._rows:
            text = self._cell(row, "most")
            if not _NUMBER.fullmatch(text) or not _float(text):
                raise self._error(
                    row,
                    N_("the maximum grade is {text!r}, not a number: a spreadsheet may have changed it"),
                    N_("download the worksheet again, and do not save it with a spreadsheet"),
                    text=text,
                )
            rows.setdefault(_float(text), row)
        if len(rows) > 1:
            first, other = list(rows.values())[:2]
            raise self._error(
                other,
                N_("the maximum grade is {text} here, but {first} on line {line}"),
                N_("download the worksheet again, and do not save it with a spreadsheet"),
                text=self._cell(other, "most"),
                first=self._cell(first, "most"),
                line=first.line,
            )
        return next(iter(rows), 0.0)

    def _error(self, row: _Row, message: str, hint: str, **values: str | int) -> InputError:
        error = InputError(message, place=f"{self._sheet.file}:{row.line}", hint=hint)
        error.values.update(values)
        return error

    def _owner(self, row: _Row, own: _Owners[Person]) -> Person | None:
        number = _number(self._cell(row, "id"))
        return own.find(number, self._cell(row, "email"), self._cell(row, "name"))

    def _grade(self, result: Result) -> str:
        share = result.points / result.worth if result.worth else 0.0
        if self._items:
            earned = [
                item
                for least, item in zip(self._scale, self._items, strict=True)
                if round(100 * share, 6) >= least
            ]
            return earned[-1] if earned else self._items[0]
        grade = f"{share * self._most:.2f}"
        return grade.replace(".", ",") if self._comma else grade

    def _cell(self, row: _Row, column: str) -> str:
        index = self._columns[column]
        return _plain(row.cells[index]).strip() if 0 <= index < len(row.cells) else ""

    def _put(self, row: _Row, column: str, value: str) -> None:
        if (index := self._columns[column]) >= 0:
            row.cells[index] = _quote_cell(value, self._sheet.separator)

    def _content(self) -> bytes:
        """Return the file: each byte outside the filled cells as it was, or the whole as Moodle reads it."""
        sheet = self._sheet
        if sheet.encoding == "utf-8" and sheet.separator == ",":
            text = "".join(",".join(cells) + end for cells, end in self._records)
            return (("\ufeff" if sheet.marked else "") + text).encode()
        rows = ((map(_plain, cells), end) for cells, end in self._records)
        return "".join(
            ",".join(_quote_cell(cell, ",") for cell in cells) + end for cells, end in rows
        ).encode()


class _Owners(Generic[Person]):
    """The students of a class by identifier, e-mail address and full name."""

    def __init__(self, entries: Iterable[Person]) -> None:
        self._by: list[dict[object, Person | None]] = [{}, {}, {}]
        for entry in entries:
            for known, key in zip(
                self._by, _keys(_number(entry.moodle_id), entry.email, entry.name), strict=True
            ):
                known[key] = None if key in known else entry

    def find(self, number: int, email: str, name: str) -> Person | None:
        """Return the student with this identifier, else with this address, else with this name, if any."""
        entries = (
            known.get(key) for known, key in zip(self._by, _keys(number, email, name), strict=True) if key
        )
        return next(filter(None, entries), None)


def _keys(number: int, email: str, name: str) -> Iterator[object]:
    yield from (number if number >= 0 else "", email.casefold(), " ".join(name.casefold().split()))


def _check_scale(scale: tuple[float, ...], items: Sequence[str], place: str) -> tuple[float, ...]:
    """Return `scale` if it fits to the items. Raises InputError when it does not, or when it is missing."""
    if not items:
        if scale:
            raise InputError(
                N_("the grade of this worksheet is a number, not a scale"),
                place=place,
                hint=N_("leave out --scale"),
            )
        return ()
    if len(scale) != len(items):
        example = ",".join(f"{100 * place / len(items):.0f}" for place in range(len(items)))
        raise InputError(
            N_("the grade of this worksheet is a scale of {count}: {items}"),
            place=place,
            hint=N_("give the least percentage of points for each, lowest first: --scale {example}"),
            count=len(items),
            items=", ".join(items),
            example=example,
        )
    return scale


def comment(result: Result, speak: Translator) -> str:
    """Return a result in one line: points by exercise, what was taken off, what was refused."""
    number = Words(speak).number
    by_exercise = [
        f"{speak.prose(each.title)}: {number(each.points)}/{number(each.worth)}" for each in result.exercises
    ]
    taken = [f"{speak.say(each.reason)}: {number(each.points)}" for each in result.adjustments]
    refused = [f"{each.file}: {speak.say(each.reason)}" for each in result.problems]
    return " · ".join([*by_exercise, *taken, *refused])


def _float(text: str) -> float:
    return float(text.replace(",", "."))


def _number(text: str) -> int:
    found = _IDENTIFIER.fullmatch(text)
    return int(found[1]) if found else -1


def _split(content: str, comma: str) -> list[tuple[list[str], str]]:
    """Return each record of a sound CSV text: its cells as they are in the file, and its line end."""
    cell = re.compile(rf'("(?:[^"]|"")*"|[^{comma}\r\n]*)({comma}|\r\n|\n|\r|\Z)')
    rows: list[tuple[list[str], str]] = []
    cells: list[str] = []
    place = 0
    while place < len(content) or cells:
        found = cell.match(content, place)
        assert found is not None  # noqa: S101 (csv_table has read the same text strictly)
        cells.append(found[1])
        if found[2] != comma:
            rows.append((cells, found[2]))
            cells = []
        place = found.end()
    return rows


def _plain(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell[:1] == cell[-1:] == '"' and len(cell) > 1 else cell


def _quote_cell(value: str, comma: str) -> str:
    """Return a cell as PHP's fputcsv writes it, which is what Moodle's own cells look like."""
    return '"' + value.replace('"', '""') + '"' if re.search(rf'[{comma}"\s\\]', value) else value
