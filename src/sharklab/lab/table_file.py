"""Read the table of a list of students: a CSV file, or the workbook of a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from pathlib import Path

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.lab import csv_table, workbook
from sharklab.lab.csv_table import CsvTable, TableRow
from sharklab.message import N_

LARGEST = 4 << 20
"""Bytes; a class of 10,000 fits in."""
_ZIP = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
"""The first bytes of .xls, and of an .xlsx with a password."""


def read(file: Path, known: Collection[str]) -> CsvTable:
    """Return the table in `file`, of whatever kind its content is; `known` are plain headings.

    Raises InputError as `csv_table.read` and `workbook.read` do.
    """
    content = untrusted.read(file, LARGEST)
    if content.startswith(_OLD_WORKBOOK):
        raise InputError(
            N_("this workbook is an old one (.xls), or has a password"), place=str(file), hint=workbook.SAVE
        )
    if not content.startswith(_ZIP):
        return csv_table.read(file, content, known)
    rows = workbook.read(file, content, known)
    headings = rows[0] if rows else TableRow(1, ())
    return CsvTable(file, _text(rows), "", False, ",", headings, rows[1:])


def _text(rows: Sequence[TableRow]) -> str:
    """Return the rows as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(row.cells for row in rows)
    return text.getvalue()
