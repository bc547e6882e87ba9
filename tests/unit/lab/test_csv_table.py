"""Tables in CSV: letters, separators, lines and quotes as spreadsheets and people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.lab import csv_table
from tests.support.errors import error_of

KNOWN = frozenset({"student", "name", "email"})
TEXT = "student{0}name\r\nzoe{0}Zoé Lefèvre\r\n"


def write(folder: Path, content: bytes) -> Path:
    """Return a file with this content."""
    file = folder / "table.csv"
    file.write_bytes(content)
    return file


def read(file: Path) -> csv_table.CsvTable:
    """Return the table in a file."""
    return csv_table.read(file, file.read_bytes(), KNOWN)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("encoding", "mark", "found"),
    [
        ("utf-8", b"", ("utf-8", False)),
        ("utf-8", b"\xef\xbb\xbf", ("utf-8", True)),
        ("cp1252", b"", ("cp1252", False)),
        ("utf-16-le", b"\xff\xfe", ("utf-16-le", True)),
        ("utf-16-be", b"\xfe\xff", ("utf-16-be", True)),
        ("utf-16-le", b"", ("utf-16-le", False)),
        ("utf-16-be", b"", ("utf-16-be", False)),
        ("utf-32-le", b"\xff\xfe\0\0", ("utf-32-le", True)),
        ("utf-32-be", b"\0\0\xfe\xff", ("utf-32-be", True)),
    ],
)
def test_read_finds_letters_and_separator(
    separator: str, encoding: str, mark: bytes, found: tuple[str, bool], tmp_path: Path
) -> None:
    """The same table, in whatever way it was saved."""
    table = read(write(tmp_path, mark + TEXT.format(separator).encode(encoding)))
    assert (("student", "name"), [(2, ("zoe", "Zoé Lefèvre"))]) == (
        table.headings.cells,
        [(row.line, row.cells) for row in table.rows],
    )
    assert (*found, separator) == (table.encoding, table.marked, table.separator)


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_read_obeys_the_line_that_names_the_separator(line: str, mark: str, tmp_path: Path) -> None:
    """Excel's own first line is no heading, and the lines keep their numbers."""
    file = write(tmp_path, f"{mark}{line}\r\nstudent;name,first\r\nbob;B\r\n".encode())
    table = read(file)
    assert (2, ("student", "name,first")) == (table.headings.line, table.headings.cells)
    assert [(3, ("bob", "B"))] == [(row.line, row.cells) for row in table.rows]


@pytest.mark.parametrize(
    ("heading", "separator"),
    [
        ('student,"name; first; second"', ","),
        ('student;"name, first, second"', ";"),
        ("student,email;;;;", ","),
        ("a;b;c", ";"),
        ("student", ","),
    ],
)
def test_read_takes_the_separator_that_gives_known_headings(
    heading: str, separator: str, tmp_path: Path
) -> None:
    """A comma in a heading of a table with semicolons decides nothing."""
    assert separator == read(write(tmp_path, heading.encode())).separator


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_read_counts_the_lines_of_cells(end: str, tmp_path: Path) -> None:
    """A record is named by the line where it begins; lines without text are left out."""
    text = end.join(["", "student,name", ",", 'a,"x', 'y"', "", "b,z", ""])
    table = read(write(tmp_path, text.encode()))
    assert [2, 4, 7] == [table.headings.line, *(row.line for row in table.rows)]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ('student,name\nalice,"Alice\nbob,Bob\n', 2),
        ('student,name\nalice,A\nbob,"Bob\nzoe,"Zoe"\n', 3),
        ('student,name\nalice,"A" B\n', 2),
        ('student,"name\nalice,A\n', 1),
    ],
)
def test_read_refuses_quotes_that_do_not_close(lines: str, line: int, tmp_path: Path) -> None:
    """The line is the one where the record begins."""
    file = write(tmp_path, lines.encode())
    assert f"{file}:{line}" == error_of(InputError, read, file).place


@pytest.mark.parametrize(
    ("text", "rows", "mended"),
    [
        ("student,name\n“a”,“Martin, Alice”\nb,Bob\n", [("a", "Martin, Alice"), ("b", "Bob")], (2,)),
        ("“student”;“name”\r\n« a »;Alice\r\n", [("a", "Alice")], (1, 2)),
        ("student,name\na,„Alice“\n", [("a", "Alice")], (2,)),
        ("student,name\na,Alice «x»\n", [("a", "Alice «x»")], ()),
        ("student,name\na,“Alice\n", [("a", "“Alice")], ()),
    ],
)
def test_read_mends_the_quotes_of_word_processors(
    text: str, rows: list[tuple[str, ...]], mended: tuple[int, ...], tmp_path: Path
) -> None:
    """Around a whole cell; the text of the file stays, and the lines are told."""
    table = read(write(tmp_path, text.encode()))
    assert (rows, mended, text) == ([row.cells for row in table.rows], table.mended, table.text)


@pytest.mark.parametrize(
    "heading", ["Étudiant·e", "étudiant(e)", "Étudiant.e.s", "étudiant-e", "ETUDIANT(E)(S)"]
)
def test_plain_is_for_one_person(heading: str) -> None:
    """French has endings for people of both sexes."""
    assert ("etudiant", "e-mail") == (csv_table.plain(heading), csv_table.plain("E-Mail"))


@pytest.mark.parametrize(
    "name", ["Zoé Lefèvre", "Žiga Šimic", "Élodie D’Arc", "Œ. Noël", "Gal·la", "Ÿ – ß «x»"]
)
def test_read_takes_the_names_of_windows_1252(name: str, tmp_path: Path) -> None:
    """Western European letters, with the punctuation that stands in names."""
    table = read(write(tmp_path, f"student,name\nx,{name}\n".encode("cp1252")))
    assert name == table.rows[0].cells[1]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Zoé", "mac_roman"),
        ("François", "mac_roman"),
        ("Zoé", "cp850"),
        ("Noël Hélène", "cp437"),
        ("Łukasz Bąk", "cp1250"),
        ("Wałęsa", "iso8859-2"),
    ],
)
def test_read_refuses_letters_that_it_would_have_to_guess(name: str, encoding: str, tmp_path: Path) -> None:
    """No name is shown with other letters than it has: the line of the first such letter is told."""
    file = write(tmp_path, f"student,name\nbob,Bob\nx,{name}\n".encode(encoding))
    assert f"{file}:3" == error_of(InputError, read, file).place


@pytest.mark.parametrize(
    "content",
    [
        b"student\0,name\n",
        b"\xff\xfes\0t",
        b"\xef\xbb\xbfstudent\xff",
        bytes(range(256)),
    ],
    ids=["a NUL", "half of UTF-16", "no UTF-8 behind its mark", "binary"],
)
def test_read_refuses_what_is_no_text(content: bytes, tmp_path: Path) -> None:
    """Bytes that no encoding has."""
    file = write(tmp_path, content)
    assert str(error_of(InputError, read, file).place).startswith(str(file))


def test_plain_is_without_accents_and_case() -> None:
    """Headings are compared by their letters alone."""
    assert "nom d'utilisateur" == csv_table.plain("  Nom  d’Utilisateur\u00a0")
    assert "prenom" == csv_table.plain("PRÉNOM")


@pytest.mark.parametrize("above", ["Liste du groupe TP1;;\n;;\n", '"Two\nlines"\n', ""])
def test_read_finds_the_headings_below_titles(above: str, tmp_path: Path) -> None:
    """The text begins with them, and the lines are those of the file."""
    table = read(write(tmp_path, f"{above}student;name\nalice;Alice\n".encode()))
    assert ("student;name\nalice;Alice\n", ("student", "name")) == (table.text, table.headings.cells)
    assert [2 + above.count("\n")] == [row.line for row in table.rows]


def test_read_takes_bars_for_separators(tmp_path: Path) -> None:
    """Where they make headings that are known."""
    assert "|" == read(write(tmp_path, b"student|name\nalice|A\n")).separator
