"""Read a CSV table that Moodle, Canvas, a spreadsheet or a person wrote, or refuse it with the line.

Nothing is guessed where a guess can be wrong: a byte order mark or a strict decoding tells the letters, the
headings tell the separator, and quotes must be as RFC 4180 has them. A detector by statistics
(charset-normalizer) took two of three small lists in Windows-1252 for another encoding.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sharklab.errors import InputError
from sharklab.message import N_, Message

SEPARATORS = ",;\t|"
_TITLES = 10
"""Rows that may stand above the headings: a title, the name of the group."""
_BEGINNING = 64 << 10
"""Characters in which these rows are."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
"""The first line with which Excel is told the separator."""
_PUNCTUATION = "’‘“”–—…«»°·€\xa0"
_INCLUSIVE = re.compile(r"(?<=\w)(?:[·•.\-]e(?:[·•.\-]?s)?\b|\(e\)(?:\(?s\)?)?)", re.IGNORECASE)
"""The endings with which French names people of both sexes."""
_WITHIN = "’·\xa0"
"""Signs that stand between two letters of a name."""
_TYPOGRAPHIC = re.compile(
    r"(?:(?<=[,;\t|])|^)[ ]*[“„‟«]\s?([^“”„‟«»\"\r\n]*)[”“»][ ]*(?=[,;\t|\r\n]|\Z)", re.MULTILINE
)
"""A cell in the quotes of a word processor."""
_LATE_CAPITALS = "ŠŒŽŸ"
"""Capitals of Windows-1252 that are small letters in Mac OS Roman and in DOS's code pages."""


@dataclass(frozen=True)
class TableRow:
    """One record of a table: the line where it begins, and its cells.

    `doubts` tells why the text of a cell, by its place, is not sure: only a workbook has such cells.
    """

    line: int
    cells: tuple[str, ...]
    doubts: Mapping[int, Message] = field(default_factory=dict)


@dataclass(frozen=True)
class CsvTable:
    """A table as it is in its file: `headings` is the first record, `rows` are those below it.

    `text` is the text from the headings on, `encoding` how it was encoded, and `marked` whether a byte order
    mark was before it. The text of a workbook was never encoded: `encoding` is "". `mended` are the lines
    that have a cell in the quotes of a word processor, which are read as plain ones.
    """

    file: Path
    text: str
    encoding: str
    marked: bool
    separator: str
    headings: TableRow
    rows: tuple[TableRow, ...]
    mended: tuple[int, ...] = ()

    @property
    def plain_headings(self) -> tuple[str, ...]:
        """The headings without accents, in lower case."""
        return tuple(map(plain, self.headings.cells))

    @property
    def is_workbook(self) -> bool:
        """Whether the file is a workbook, whose cells no quote or separator can move."""
        return not self.encoding


def plain(heading: str) -> str:
    """Return a heading without accents, in lower case, with single blanks, for one person: étudiant·e·s."""
    letters = unicodedata.normalize("NFKD", _INCLUSIVE.sub("", heading.replace("’", "'")))
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).casefold().split())


def read(file: Path, content: bytes, known: Collection[str]) -> CsvTable:
    """Return the table in the `content` of `file`; `known` are plain headings, which tell the separator.

    Records without any text are left out. Raises InputError with the line when the file is no such table:
    letters of an unknown encoding, quotes that do not close.
    """
    text, encoding, marked = _decode(file, content)
    told = _SEPARATOR_LINE.match(text)
    first = 2 if told else 1
    text = text[told.end() :] if told else text
    plain_text, mended = _mend(text, first)
    separator = told[1] if told else _separator(plain_text, known)
    rows = [row for row in _records(file, plain_text, separator, first) if any(map(str.strip, row.cells))]
    at = _find_headings(rows, known)
    headings = rows[at] if rows else TableRow(first, ())
    if at:
        text = "".join(text.splitlines(keepends=True)[headings.line - first :])
    return CsvTable(file, text, encoding, marked, separator, headings, tuple(rows[at + 1 :]), mended)


def _find_headings(rows: Sequence[TableRow], known: Collection[str]) -> int:
    """Return the place of the row with the headings: the first one, but for titles above it."""
    counts = [sum(plain(cell) in known for cell in row.cells) for row in rows[:_TITLES]]
    return next((at for at, count in enumerate(counts) if count), 0)


def _mend(text: str, first: int) -> tuple[str, tuple[int, ...]]:
    """Return a text with plain quotes in the place of a word processor's, and the lines that have them."""
    lines = {first + text.count("\n", 0, found.start(1)) for found in _TYPOGRAPHIC.finditer(text)}
    plain_text = _TYPOGRAPHIC.sub(lambda found: f'"{found[1].strip()}"', text)
    return plain_text, tuple(sorted(lines))


def _records(file: Path, text: str, separator: str, first: int) -> Iterator[TableRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = first
    try:
        for cells in reader:
            yield TableRow(line, tuple(cells))
            line = first + reader.line_num
    except csv.Error as error:
        raise InputError(
            N_("a quote in this line is not closed, or is not at the edge of a cell"),
            place=f"{file}:{line}",
            hint=N_("write a quote at both ends of the cell, and two quotes for one inside it"),
        ) from error


def _separator(text: str, known: Collection[str]) -> str:
    """Return the separator by which most headings are known; among equals, the one that makes most cells."""
    first = list(filter(str.strip, text[:_BEGINNING].splitlines()))[:_TITLES]

    def count(separator: str) -> tuple[int, int]:
        rows = list(csv.reader(first, delimiter=separator))
        headings = next(
            (row for row in rows if any(plain(cell) in known for cell in row)), rows[0] if rows else []
        )
        return sum(plain(cell) in known for cell in headings), len(headings)

    return max(SEPARATORS, key=count)


def _decode(file: Path, content: bytes) -> tuple[str, str, bool]:
    """Return the text of a file, its encoding, and whether a byte order mark named the encoding."""
    mark, encoding = next((each for each in _MARKS if content.startswith(each[0])), (b"", ""))
    encoding = encoding or _find_encoding(content)
    try:
        text = content.removeprefix(mark).decode(encoding)
    except UnicodeDecodeError as error:
        raise _no_text(file, content, error.start) from error
    if "\0" in text:
        raise _no_text(file, content, content.index(b"\0"))
    if encoding == "cp1252" and (found := _find_strange(text)) is not None:
        raise _no_text(file, content, found)
    return text, encoding, bool(mark)


def _find_encoding(content: bytes) -> str:
    """Return the encoding of a text without a mark. NUL bytes tell UTF-16, for names are mostly Latin."""
    low, high = content[1::2].count(0), content[::2].count(0)
    if low > len(content) // 4 and not high:
        return "utf-16-le"
    if high > len(content) // 4 and not low:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _find_strange(text: str) -> int | None:
    """Return the place of a character that no name has: the text is not in Windows-1252. None without one."""
    for place, character in enumerate(text):
        if character.isascii():
            continue
        before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
        within = before.isalpha() and after.isalpha()
        letter = character.isalpha() and character not in "ªºµƒˆ"
        late = character in _LATE_CAPITALS and before.islower()
        if late or not (letter or character in (_WITHIN if within else _PUNCTUATION)):
            return place
    return None


def _no_text(file: Path, content: bytes, place: int) -> InputError:
    line = content[:place].count(b"\n") + 1
    return InputError(
        N_("the encoding of this line is not UTF-8, UTF-16 or Windows-1252"),
        place=f"{file}:{line}",
        hint=N_("open it in the spreadsheet and save it as: CSV UTF-8"),
    )
