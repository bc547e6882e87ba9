"""Tables of students: the content of a file tells its kind, whatever its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.lab import table_file
from tests.support import workbooks
from tests.support.errors import error_of

KNOWN = frozenset({"student", "name"})
ROWS = [("student", "name"), ("zoe", "Lefèvre, Zoé")]


def test_read_takes_a_workbook_for_the_same_table_in_csv(tmp_path: Path) -> None:
    """Same headings and rows; its text is CSV."""
    book = table_file.read(workbooks.write(tmp_path / "a.csv", ROWS), KNOWN)
    file = tmp_path / "b.xlsx"
    file.write_text(book.text)
    table = table_file.read(file, KNOWN)
    assert (book.headings, book.rows, book.text) == (table.headings, table.rows, table.text)
    assert (True, False) == (book.is_workbook, table.is_workbook)


def test_read_of_an_empty_workbook_is_an_empty_table(tmp_path: Path) -> None:
    """As of an empty CSV file."""
    assert ((), ()) == (
        (book := table_file.read(workbooks.write(tmp_path / "a.xlsx", []), KNOWN)).headings.cells,
        book.rows,
    )


def test_read_refuses_an_old_workbook(tmp_path: Path) -> None:
    """A file of OLE: .xls, or .xlsx with a password."""
    file = tmp_path / "a.xlsx"
    file.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert str(file) == error_of(InputError, table_file.read, file, KNOWN).place


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"student,name\n"])
def test_read_refuses_a_file_that_is_too_large(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of either kind; it is not read."""
    monkeypatch.setattr(table_file, "LARGEST", len(content) - 1)
    (tmp_path / "a").write_bytes(content)
    assert str(tmp_path / "a") == error_of(InputError, table_file.read, tmp_path / "a", KNOWN).place
