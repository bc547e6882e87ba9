"""Read the list in a spreadsheet's workbook (.xlsx), or refuse it with the cell.

A workbook stores numbers, and a format tells how the spreadsheet shows them: 1234 may be the student
00001234. A number whose text is not sure is a doubt of its cell, and the reader of the cell refuses it.
Source: ECMA-376, part 1, 18.3 (sheets) and 18.8.30 (number formats).
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharklab.errors import InputError
from sharklab.lab.csv_table import TableRow, plain
from sharklab.message import N_, Message

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

LARGEST = 16 << 20
"""Bytes of all parts, unpacked; a class of 10,000 fits in. openpyxl needs up to fifty times as much."""
_MOST_PARTS = 1000
_MOST_CELLS = 1 << 20
"""Cells of the rectangle in which a sheet has any, the empty ones too."""
_HEAD = 10
"""The first rows of a sheet, among which its headings are."""
_DIGITS = 15
"""A spreadsheet keeps no more digits of a number."""
_LARGEST_NUMBER = 10**_DIGITS
_AS_IT_IS = re.compile(r"General|@|[#?0, ]*(?:[.][#?0]+)?(?:E[+-]?0+)?", re.IGNORECASE)
"""The formats that show all digits of a whole number, or could: the number is the one that was typed."""
_PADDED = re.compile(r"0{2,}")
"""A format that writes zeros before a number."""
SAVE = N_("open it in the spreadsheet and save it as .xlsx, or as CSV UTF-8")


def read(file: Path, content: bytes, known: Collection[str]) -> tuple[TableRow, ...]:
    """Return the headings and the rows below them of the one sheet of a workbook that has `known` headings.

    Rows without any text are left out. Raises InputError when the file is no such workbook, is too large, or
    has several such sheets.
    """
    sheets = [sheet for sheet in _open_sheets(file, content) if sheet.sheet_state == "visible"]
    lists = [rows for sheet in sheets if (rows := tuple(_rows(file, sheet)))]
    scored = [(_score(rows, known), rows) for rows in lists]
    most = [rows for score, rows in scored if score > 1] or [rows for score, rows in scored if score]
    if len(most) > 1:
        raise InputError(
            N_("{many} sheets of this workbook have such a list"),
            place=str(file),
            hint=N_("keep one of them, or save it as CSV UTF-8"),
            many=len(most),
        )
    rows = next(iter(most or lists), ())
    return _trim(rows[_head(rows, known) :])


def _open_sheets(file: Path, content: bytes) -> Sequence[Worksheet]:
    """Return the sheets of a workbook. Raises InputError when it is none that can be read."""
    import openpyxl  # late, because it is slow to import

    _check_parts(file, content)
    try:
        if _count_merged_cells(content) > _MOST_CELLS:  # openpyxl makes an object of each
            raise _too_large(file)
        with warnings.catch_warnings(action="ignore"):  # of styles and pictures, which are not read
            return openpyxl.load_workbook(io.BytesIO(content), data_only=True, keep_links=False).worksheets
    except InputError:
        raise
    except Exception as error:  # a damaged part can raise any error of openpyxl and of its parser
        raise InputError(
            N_("the workbook is damaged, or of another kind"), place=str(file), hint=SAVE
        ) from error


def _check_parts(file: Path, content: bytes) -> None:
    """Raise InputError for another file in a zip, and for parts that are too large when unpacked.

    zipfile unpacks no more of a part than the size that it declares.
    """
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(
            N_("the workbook is damaged, or of another kind"), place=str(file), hint=SAVE
        ) from error
    if not any(part.filename.endswith("workbook.xml") for part in parts):
        raise InputError(N_("this file is no workbook that is read (.xlsx)"), place=str(file), hint=SAVE)
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > LARGEST:
        raise _too_large(file)


def _count_merged_cells(content: bytes) -> int:
    """Return how many cells the merged areas of all sheets cover."""
    from openpyxl.worksheet.cell_range import CellRange
    from openpyxl.xml.functions import iterparse  # that of defusedxml

    count = 0
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            if name.endswith(".xml"):
                for _, element in iterparse(parts.open(name)):
                    if element.tag.endswith("}mergeCell"):
                        area = CellRange(element.get("ref")).size
                        count += area["rows"] * area["columns"]
                    element.clear()
    return count


def _too_large(place: object) -> InputError:
    hint = N_("copy the list alone into a new workbook, or save it as CSV UTF-8")
    return InputError(N_("the workbook is too large to be a list of students"), place=str(place), hint=hint)


def _rows(file: Path, sheet: Worksheet) -> Iterator[TableRow]:
    """Yield the rows of a sheet with any text. Raises InputError when it has too many cells."""
    if sheet.max_row * sheet.max_column > _MOST_CELLS:
        raise _too_large(file)
    above = _find_merged(sheet)
    for line, cells in enumerate(sheet.iter_rows(), 1):
        shown = [above.get((line, column), cell) for column, cell in enumerate(cells, 1)]
        texts = tuple(_text(cell) for cell in shown)
        doubts = {index: doubt for index, cell in enumerate(shown) if (doubt := _doubt(cell))}
        if any(map(str.strip, texts)):
            yield TableRow(line, texts, doubts)


def _find_merged(sheet: Worksheet) -> Mapping[tuple[int, int], Cell | MergedCell]:
    """Return the cell that is shown at each place below it which is merged with it.

    The places beside it stay empty: a title over two columns is the heading of one.
    """
    return {
        (row, area.min_col): sheet.cell(area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row + 1, min(area.max_row, sheet.max_row) + 1)
    }


def _text(cell: Any) -> str:
    """Return the text of a cell, as its format shows it where that is sure."""
    value = cell.value
    if isinstance(value, bool) or value is None:
        return str(value).upper() if value is not None else ""
    if isinstance(value, int | float):
        exact = abs(value) < _LARGEST_NUMBER and value == int(value)
        whole = str(int(value)) if exact else f"{value:.{_DIGITS}g}"
        return whole.zfill(len(cell.number_format)) if _PADDED.fullmatch(cell.number_format) else whole
    return str(value)


def _doubt(cell: Any) -> Message | None:
    """Return why the text of a cell is not sure, None if it is."""
    value, text = cell.value, _text(cell)
    if isinstance(value, date | time | timedelta):
        return Message(N_("a spreadsheet made a date of it: {text}"), {"text": text})
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if abs(value) >= _LARGEST_NUMBER:
        said = N_("a spreadsheet keeps {most} digits of a number, and loses the others: {text}")
        return Message(said, {"most": _DIGITS, "text": text})
    if not (_AS_IT_IS.fullmatch(cell.number_format)):
        format = {"text": text, "format": cell.number_format}
        return Message(N_("the spreadsheet shows the number {text} in the format {format}"), format)
    return None


def _score(rows: Sequence[TableRow], known: Collection[str]) -> int:
    return max(_count_known(row, known) for row in rows[:_HEAD])


def _head(rows: Sequence[TableRow], known: Collection[str]) -> int:
    """Return the place of the headings among the first rows: those of which most are known."""
    return max(range(len(rows[:_HEAD])), key=lambda place: _count_known(rows[place], known), default=0)


def _count_known(row: TableRow, known: Collection[str]) -> int:
    return len({plain(cell) for cell in row.cells} & set(known))


def _trim(rows: Sequence[TableRow]) -> tuple[TableRow, ...]:
    """Return the rows with as many cells as there are headings: a cell beside them is a note."""
    width = max(
        (index for row in rows[:1] for index, cell in enumerate(row.cells, 1) if cell.strip()), default=0
    )
    return tuple(TableRow(row.line, row.cells[:width], row.doubts) for row in rows)
