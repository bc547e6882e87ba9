"""Workbooks: the list of one sheet, its numbers as they were typed, and no memory for a bomb."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.lab import workbook
from sharklab.lab.csv_table import TableRow
from tests.support import workbooks
from tests.support.errors import error_of

KNOWN = frozenset({"student", "name", "email"})
HEAD = ("student", "name")


def read(file: Path) -> tuple[TableRow, ...]:
    """Return the rows of a workbook's list."""
    return workbook.read(file, file.read_bytes(), KNOWN)


def cells(file: Path) -> list[tuple[str, ...]]:
    """Return the cells of these rows."""
    return [row.cells for row in read(file)]


def test_read_gives_headings_and_rows_with_their_lines(tmp_path: Path) -> None:
    """Blank rows are left out; the others keep their numbers."""
    file = workbooks.write(tmp_path / "a.xlsx", [HEAD, (), ("zoe", "Zoé\nLefèvre"), (" ",), ("bob", None)])
    assert [(1, HEAD), (3, ("zoe", "Zoé\nLefèvre")), (5, ("bob", ""))] == [
        (row.line, row.cells) for row in read(file)
    ]


@pytest.mark.parametrize(
    ("value", "format", "text"),
    [
        (1234567, "General", "1234567"),
        (1234567.0, "General", "1234567"),
        (1234567.0, "0.00", "1234567"),
        (1234567, "#,##0", "1234567"),
        (21900000, "0.00E+00", "21900000"),
        (1234, "00000000", "00001234"),
        ("00001234", "General", "00001234"),
        (1234, "@", "1234"),
        (12.5, "General", "12.5"),
        (0.1 + 0.2, "General", "0.3"),
        (True, "General", "TRUE"),
        ("=1+1", "General", ""),
    ],
)
def test_read_gives_a_number_as_it_was_typed(value: object, format: str, text: str, tmp_path: Path) -> None:
    """Without decimals that nobody wrote, with the zeros that its format shows."""
    file = workbooks.write(tmp_path / "a.xlsx", [HEAD, (value, "Z")], formats={"A2": format})
    [_, row] = read(file)
    assert ((text, "Z"), {}) == (row.cells, row.doubts)


@pytest.mark.parametrize(
    ("value", "format", "text"),
    [
        (datetime(2026, 3, 1), "dd-mmm", "2026-03-01 00:00:00"),
        (12345678901234567, "0", "1.23456789012346e+16"),
        (1234, "00-00", "1234"),
        (1234, '"e"0', "1234"),
    ],
)
def test_read_doubts_a_cell_that_was_changed(value: object, format: str, text: str, tmp_path: Path) -> None:
    """A date, a number whose last digits are lost, a number that is shown with other signs."""
    file = workbooks.write(tmp_path / "a.xlsx", [HEAD, (value, "Z")], formats={"A2": format})
    [_, row] = read(file)
    assert (text, [0], text) == (row.cells[0], list(row.doubts), row.doubts[0].values["text"])


def test_read_finds_headings_below_a_title(tmp_path: Path) -> None:
    """A title over all columns, and headings of two lines whose cells are merged."""
    rows = [
        ("Students of 2026",),
        ("student", "identity"),
        (None, "name", "email", None, "seen"),
        ("zoe", "Zoé", "z@example.org", "a note"),
    ]
    file = workbooks.write(tmp_path / "a.xlsx", rows, merged=["A1:C1", "A2:A3", "B2:C2"])
    assert [
        ("student", "name", "email", "", "seen"),
        ("zoe", "Zoé", "z@example.org", "a note", ""),
    ] == cells(file)


def test_read_shows_a_merged_cell_in_each_row(tmp_path: Path) -> None:
    """One cell for the group of two students; nothing beside a merged cell."""
    rows = [("student", "name", "email"), ("a", "Both", None), ("b",), ("c",)]
    file = workbooks.write(tmp_path / "a.xlsx", rows, merged=["B2:C3"])
    assert [("a", "Both", ""), ("b", "Both", ""), ("c", "", "")] == cells(file)[1:]


def test_read_leaves_out_notes_beside_the_list(tmp_path: Path) -> None:
    """A cell without a heading is no part of it."""
    file = workbooks.write(tmp_path / "a.xlsx", [HEAD, ("zoe", "Zoé", None, "ill")])
    assert [HEAD, ("zoe", "Zoé")] == cells(file)


@pytest.mark.parametrize("hidden", [[], [0]])
def test_read_takes_the_sheet_with_the_list(hidden: list[int], tmp_path: Path) -> None:
    """Another sheet has no such headings; a hidden one with a list is not read."""
    other = [HEAD, ("old", "O")] if hidden else [("name", "points"), ("zoe", 12)]
    file = workbooks.write(tmp_path / "a.xlsx", other, [HEAD, ("zoe", "Zoé")], hidden=hidden)
    assert [HEAD, ("zoe", "Zoé")] == cells(file)


@pytest.mark.parametrize("heads", [(HEAD, HEAD), (HEAD, (*HEAD, "email")), (["name"], ["student"])])
def test_read_refuses_several_lists(heads: tuple[tuple[str, ...], ...], tmp_path: Path) -> None:
    """Nobody knows which one is meant."""
    file = workbooks.write(tmp_path / "a.xlsx", *([head, ("zoe", "Zoé")] for head in heads))
    assert {"many": 2} == error_of(InputError, read, file).values


def test_read_of_no_list_gives_the_first_sheet(tmp_path: Path) -> None:
    """The roster then says which headings it needs; an empty workbook has no rows."""
    file = workbooks.write(tmp_path / "a.xlsx", [("a", "b")], [("c",)])
    assert [("a", "b")] == cells(file)
    assert () == read(workbooks.write(tmp_path / "a.xlsx", []))


def zipped(file: Path, name: str, content: bytes) -> Path:
    """Write a zip with one part."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, content)
    return file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("xl/workbook.xml", b"<workbook/>"),
        ("content.xml", b"<office/>"),
        ("xl/workbook.xml", bytes(workbook.LARGEST + 1)),
    ],
    ids=["damaged", "ods", "bomb"],
)
def test_read_refuses_another_zip(name: str, content: bytes, tmp_path: Path) -> None:
    """Each with a cause of its own."""
    file = zipped(tmp_path / "a.xlsx", name, content)
    assert str(file) == error_of(InputError, read, file).place


def test_read_refuses_half_a_file(tmp_path: Path) -> None:
    """A download that stopped."""
    file = workbooks.write(tmp_path / "a.xlsx", [HEAD])
    half = file.read_bytes()[: file.stat().st_size // 2]
    assert str(file) == error_of(InputError, workbook.read, file, half, KNOWN).place


FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
MERGED = '</sheetData><mergeCells count="1"><mergeCell ref="&#65;1:XFD1048576"/></mergeCells>'
ENTITIES = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("old", "new"),
    [("</sheetData>", FAR), ("</sheetData>", MERGED), ("<worksheet", f"{ENTITIES}<worksheet")],
    ids=["a cell in the last row and column", "17 billion cells merged", "entities of entities"],
)
def test_read_refuses_a_sheet_that_would_fill_the_memory(old: str, new: str, tmp_path: Path) -> None:
    """Before it does."""
    file = workbooks.write(tmp_path / "a.xlsx", [HEAD])
    with zipfile.ZipFile(file) as parts:
        content = {name: parts.read(name).decode() for name in parts.namelist()}
    assert old in content["xl/worksheets/sheet1.xml"]
    with zipfile.ZipFile(file, "w") as parts:
        for name, part in content.items():
            parts.writestr(name, part.replace(old, new))
    assert str(file) == error_of(InputError, read, file).place
