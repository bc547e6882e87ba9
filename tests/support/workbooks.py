"""Workbooks as files: made by the library that reads them, since no spreadsheet runs here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl

Cells = Sequence[Sequence[object]]


def write(
    file: Path,
    *sheets: Cells,
    formats: Mapping[str, str] | None = None,
    merged: Sequence[str] = (),
    hidden: Sequence[int] = (),
) -> Path:
    """Write rows of cells as the sheets of a workbook, and return its file.

    `formats` are number formats by cell, `merged` areas of the first sheet; `hidden` are sheets by place.
    """
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for place, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {place + 1}")
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if place in hidden else "visible"
    for cell, format in (formats or {}).items():
        book.worksheets[0][cell].number_format = format
    for area in merged:
        book.worksheets[0].merge_cells(area)
    book.save(file)
    return file
