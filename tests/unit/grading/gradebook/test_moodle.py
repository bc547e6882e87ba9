"""Moodle's worksheet: the grade and the comment of each student, and no other byte."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import moodle
from sharklab.grading.gradebook.model import Class
from sharklab.i18n import translator
from sharklab.lab.roster import Student
from tests.support import gradebook_sample as sample
from tests.support import workbooks
from tests.support.errors import error_of

FRENCH = (
    'Identifiant,"Nom complet","Adresse de courriel",Statut,Note,"Note maximale",'
    '"La note peut être modifiée","Dernière modification (travail remis)",'
    '"Dernière modification (note)","Feedback par commentaires"'
)
ENGLISH = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"'
)


SHORT = "Identifiant,Nom complet,Note,Note maximale,La note peut être modifiée,Feedback par commentaires"
BLIND = "Identifier,Status,Grade,Maximum grade,Grade can be changed,Feedback comments"
SCALE = "Identifier,Status,Grade,Scale,Grade can be changed,Feedback comments"
ITEMS = '"Not yet\nGood\nVery good"'


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _sheet(folder: Path, head: str, *rows: str, encoding: str = "utf-8") -> Path:
    file = folder / "worksheet.csv"
    file.write_bytes("".join(line + "\r\n" for line in (head, *rows)).encode(encoding))
    return file


def test_fill_changes_grade_and_comment_only(tmp_path: Path) -> None:
    """Everything else in the file is byte for byte what Moodle wrote, its odd quoting too."""
    odd = '"Participant 1002",Bob,"bob@example.org","Remis, en retard",,"20,00",Oui,"mardi 24 ""nov""",-,'
    file = _sheet(tmp_path, FRENCH, odd)
    moodle.fill(file, sample.whole())
    comment = "Une connexion SSH: 4/5 · Une requête DNS: 1/3"
    expected = odd.removesuffix(",").replace(',,"20,00"', ',"12,50","20,00"') + f',"{comment}"'
    assert f"{FRENCH}\r\n{expected}\r\n" == file.read_bytes().decode()


def test_fill_speaks_the_worksheets_language(tmp_path: Path) -> None:
    """An English sheet has English comments and a decimal point."""
    file = _sheet(tmp_path, ENGLISH, 'Participant 1001,"Alice",,Submitted,,100.00,Yes,-,-,')
    filled = moodle.fill(file, sample.whole())
    row = _read(file.read_text())[0]
    assert ("56.25", 1) == (row["Grade"], filled.graded)
    [taken], [refused] = sample.late().adjustments, sample.late().problems
    assert row["Feedback comments"].split(" · ") == [
        "An SSH connection: 4/5",
        "A DNS query: 1/3",
        f"{taken.reason}: -0.5",
        f"{refused.file}: {refused.reason}",
    ]


def test_a_french_comment_has_decimal_commas() -> None:
    """The grade beside it has one, too."""
    assert ": -0,5" in moodle.comment(sample.late(), translator("fr"))


def test_fill_twice_gives_the_same_file(tmp_path: Path) -> None:
    """A worksheet can be filled again after a regrade."""
    file = _sheet(tmp_path, FRENCH, '"Participant 1001","Alice Müller",,Remis,,"20,00",Oui,-,-,')
    moodle.fill(file, sample.whole())
    once = file.read_bytes()
    moodle.fill(file, sample.whole())
    assert once == file.read_bytes()


def test_fill_removes_the_grade_of_an_earlier_run(tmp_path: Path) -> None:
    """A student has no result any more, or left the class. A grade that somebody changed stays.

    The same download of the worksheet may be graded again and again.
    """
    rows = [f"Participant {1000 + each},Name {each},,,{each},20.00,Yes,-,-," for each in range(1, 5)]
    file = _sheet(tmp_path, ENGLISH, *rows)
    group = sample.whole()
    first = moodle.fill(file, group)
    download = re.sub("(Name 3,,,)[0-9.]+", r"\g<1>9", file.read_text())
    file.write_text(download)
    alice, _, carol, *others = group.entries
    later = replace(group, entries=(replace(alice, result=None), replace(carol, result=None), *others))
    second = moodle.read(file).fill(later, first.rows)
    assert ("Name 2", "alice") == second.removed and ("carol", "dan") == second.old
    written = _read(file.read_text())
    assert ["", "", "9", "4"] == [row["Grade"] for row in written]
    assert [False, False, True, False] == [bool(row["Feedback comments"]) for row in written]
    assert second.removed and () == moodle.read(file).fill(later, second.rows).removed
    emptied = file.read_bytes()
    file.write_text(download)
    third = moodle.read(file).fill(later, second.rows)
    assert (second.removed, second.old, emptied) == (third.removed, third.old, file.read_bytes())


@pytest.mark.parametrize(
    "row",
    [
        "Participant 1003,Nobody,other@example.org,,,8.00,Yes,-,-,",
        "Participant 9,Nobody,CAROL@example.org,,,8.00,Yes,-,-,",
        "Participant 9,carol,,,,8.00,Yes,-,-,",
    ],
)
def test_fill_finds_students(tmp_path: Path, row: str) -> None:
    """By identifier, else by email address, else by name."""
    file = _sheet(tmp_path, ENGLISH, row)
    assert 1 == moodle.fill(file, sample.whole()).graded
    assert "1.00" == _read(file.read_text())[0]["Grade"]


def test_fill_leaves_locked_and_unknown_rows(tmp_path: Path) -> None:
    """A grade that may not be changed stays, a stranger's too; both are told."""
    rows = ("Participant 1001,Alice,,,7,20.00,No,-,-,mine", "Participant 5,Zoe,,,3,20.00,Yes,-,-,")
    file = _sheet(tmp_path, ENGLISH, *rows)
    before = file.read_bytes()
    filled = moodle.fill(file, sample.whole())
    assert before == file.read_bytes()
    assert ((0, ("alice",), ("bob", "carol", "erin"))) == (filled.graded, filled.locked, filled.absent)


def test_fill_escapes_formulas_in_comments(tmp_path: Path) -> None:
    """What was refused is named by the student, so that it may look like a formula."""
    group = sample.whole()
    late = sample.late()
    problem = replace(late.problems[0], file="=1+1")
    bad = replace(group.entries[0], result=replace(late, exercises=(), adjustments=(), problems=(problem,)))
    file = _sheet(tmp_path, ENGLISH, "Participant 1001,Alice,,,,20.00,Yes,-,-,")
    moodle.fill(file, Class(group.lab, group.title, (bad,), group.tool))
    assert _read(file.read_text())[0]["Feedback comments"].startswith("'=1+1: ")


def test_fill_keeps_mark_and_encoding(tmp_path: Path) -> None:
    """A byte order mark and a file of Windows's encoding stay as they are."""
    row = '"Participant 1001","Müller",,Remis,,"20,00",Oui,-,-,'
    for encoding in ("utf-8-sig", "cp1252"):
        file = _sheet(tmp_path, FRENCH, row, encoding=encoding)
        moodle.fill(file, sample.whole())
        assert "11,25" in file.read_bytes().decode(encoding)
        assert encoding == "cp1252" or file.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("content", ["", "a,b\r\n1,2\r\n", "Identifier;Status\r\n"])
def test_fill_refuses_another_table(tmp_path: Path, content: str) -> None:
    """A file that is no worksheet is left alone."""
    file = tmp_path / "other.csv"
    file.write_bytes(content.encode())
    error = error_of(InputError, moodle.fill, file, sample.whole())
    assert ("this is no offline grading worksheet of Moodle", str(file)) == (error.message_id, error.place)
    assert content.encode() == file.read_bytes()


def test_fill_of_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    """The error names the file."""
    error = error_of(InputError, moodle.fill, tmp_path / "none.csv", sample.whole())
    assert (os.strerror(errno.ENOENT), str(tmp_path / "none.csv")) == (error.message_id, error.place)


def test_fill_keeps_a_quote_in_the_middle_of_a_cell(tmp_path: Path) -> None:
    """Moodle would not write it; the rest of the line stays as it is."""
    odd = 'Participant 1002,Bob"x" y,z,,,8.00,Yes,-,-,'
    file = _sheet(tmp_path, ENGLISH, odd)
    moodle.fill(file, sample.whole())
    assert 'Participant 1002,Bob"x" y,z,,5.00,8.00,Yes' in file.read_text()


@pytest.mark.parametrize(("most", "grade"), [("10", "6.25"), ("8.00", "5.00")])
def test_fill_scales_points_to_the_maximum_of_the_sheet(tmp_path: Path, most: str, grade: str) -> None:
    """The maximum of the worksheet is another than that of the lab."""
    file = _sheet(tmp_path, ENGLISH, f"Participant 1002,Bob,,,,{most},Yes,-,-,")
    moodle.fill(file, sample.whole())
    assert grade == _read(file.read_text())[0]["Grade"]


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    """Return a worksheet with this text."""
    file = folder / "worksheet.csv"
    file.write_bytes(text.encode(encoding))
    return file


def rows(file: Path) -> list[dict[str, str]]:
    """Return the records as Moodle reads them: UTF-8 with commas."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


@pytest.mark.parametrize(
    ("separator", "encoding", "before"),
    [
        (";", "utf-8", ""),
        (";", "cp1252", ""),
        (",", "cp1252", ""),
        ("\t", "utf-16", ""),
        (";", "utf-8", "sep=;\r\n"),
    ],
)
def test_fill_writes_a_spreadsheets_file_as_moodle_reads_it(
    separator: str, encoding: str, before: str, tmp_path: Path
) -> None:
    """Moodle takes UTF-8 with commas only, whatever Excel saved."""
    row = 'Participant 1002,"Bob, dit ""B"" é",,20,Oui,'
    lines = [line.split(",") for line in (SHORT,)] + [next(csv.reader([row]))]
    text = "".join(
        separator.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in line) + "\r\n" for line in lines
    )
    file = write(tmp_path, before + text, encoding)
    assert 1 == moodle.fill(file, sample.whole()).graded
    [found] = rows(file)
    assert ('Bob, dit "B" é', "12,50") == (found["Nom complet"], found["Note"])


@pytest.mark.parametrize(
    ("headings", "most", "grade"),
    [
        (SHORT, "20", "12,50"),
        (SHORT, '"20,00"', "12,50"),
        (SHORT, "20.00", "12.50"),
        (SHORT.replace("Nom complet", "Statut"), '"5,0"', "3,12"),
        (BLIND, "20", "12.50"),
        (BLIND, '"20,00"', "12,50"),
    ],
)
def test_fill_has_the_decimal_sign_of_the_worksheet(
    headings: str, most: str, grade: str, tmp_path: Path
) -> None:
    """The sign of the maximum, or that of the language when a spreadsheet left out the decimals."""
    file = write(tmp_path, f"{headings}\r\nParticipant 1002,,,{most},Yes,\r\n")
    moodle.fill(file, sample.whole())
    assert grade == next(csv.reader([file.read_text().splitlines()[1]]))[2]


@pytest.mark.parametrize(
    "most", ["", "mai-20", "20.05.2026", "#VALEUR!", "2,00E+01", "20,00,00", "0.00", "-20"]
)
def test_read_refuses_a_maximum_that_is_no_number(most: str, tmp_path: Path) -> None:
    """No grade is given on another scale than the course's: the line is told before anything is graded."""
    text = f'{BLIND}\r\nParticipant 1,,,20.00,Yes,\r\nParticipant 2,,,"{most}",Yes,\r\n'
    file = write(tmp_path, text)
    error = error_of(InputError, moodle.read, file)
    assert (f"{file}:3", {"text": most}) == (error.place, error.values)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Participant 1001,,,100.00,Yes,", 3),
        ("Participant 1001,,,20.00,Yes", 3),
        ("Participant 1001,a,b,,20.00,Yes,", 3),
        ("Alice,,,20.00,Yes,", 3),
        ("2.19E+07,,,20.00,Yes,", 3),
        ('Participant 1001,"x,,20.00,Yes,', 3),
    ],
    ids=[
        "another maximum",
        "a cell less",
        "a cell more",
        "no identifier",
        "a shortened number",
        "an open quote",
    ],
)
def test_read_refuses_a_damaged_row(line: str, number: int, tmp_path: Path) -> None:
    """A row that would be filled in the wrong cell is told with its line, and the file stays as it is."""
    file = write(tmp_path, f"{BLIND}\r\nParticipant 1002,,,20.00,Yes,\r\n{line}\r\n")
    before = file.read_bytes()
    assert f"{file}:{number}" == error_of(InputError, moodle.fill, file, sample.whole()).place
    assert before == file.read_bytes()


@pytest.mark.parametrize(
    ("share", "item"), [(0.0, "Not yet"), (0.9, "Good"), (1.0, "Very good")], ids=["low", "middle", "high"]
)
def test_fill_gives_the_item_of_a_scale(share: float, item: str, tmp_path: Path) -> None:
    """A result is the highest item whose least percentage it reaches."""
    group = sample.whole()
    entry = replace(group.entries[1], result=sample.result("bob", share))
    file = write(tmp_path, f"{SCALE}\r\nParticipant 1002,,,{ITEMS},Yes,\r\n")
    moodle.fill(file, Class(group.lab, group.title, (entry,), group.tool), (0, 50, 62.5))
    [found] = rows(file)
    assert (item, "Not yet\nGood\nVery good") == (found["Grade"], found["Scale"])


@pytest.mark.parametrize("scale", [(), (0, 50), (0, 10, 20, 30)])
def test_read_refuses_a_scale_that_nobody_explained(scale: tuple[float, ...], tmp_path: Path) -> None:
    """A grade that is a word cannot be a number: the items and a way to give them are told."""
    file = write(tmp_path, f"{SCALE}\r\nParticipant 1002,,,{ITEMS},Yes,\r\n")
    error = error_of(InputError, moodle.read, file, scale)
    assert {"count": 3, "items": "Not yet, Good, Very good", "example": "0,33,67"} == error.values


def test_read_refuses_a_scale_for_points(tmp_path: Path) -> None:
    """An option that would change nothing is a mistake."""
    file = write(tmp_path, f"{BLIND}\r\nParticipant 1002,,,20.00,Yes,\r\n")
    assert str(file) == error_of(InputError, moodle.read, file, (0, 50)).place


def test_fill_of_a_blind_worksheet_is_by_identifier(tmp_path: Path) -> None:
    """A worksheet without names is filled, and shows no name afterwards."""
    file = write(tmp_path, f"{BLIND}\r\nParticipant 1002,Submitted,,20.00,Yes,\r\n")
    assert 1 == moodle.fill(file, sample.whole()).graded
    assert "12.50" == rows(file)[0]["Grade"]
    assert "Bob" not in file.read_text()


def test_fill_gives_no_row_to_two_students(tmp_path: Path) -> None:
    """Two students of one name: nobody gets the grade of the other."""
    group = sample.whole()
    twins = tuple(replace(entry, name="Same Name", moodle_id="", email="") for entry in group.entries[:2])
    file = write(tmp_path, f"{SHORT}\r\nParticipant 7,Same Name,,20.00,Oui,\r\n")
    filled = moodle.fill(file, replace(group, entries=twins))
    assert (0, ("alice", "bob")) == (filled.graded, filled.absent)


def test_check_tells_who_has_no_row(tmp_path: Path) -> None:
    """Students who handed in nothing are not missed."""
    file = write(tmp_path, f"{BLIND}\r\nParticipant 1002,,,20.00,Yes,\r\n")
    sheet = moodle.read(file)
    assert ("alice", "carol", "dan", "erin") == sheet.check(sample.whole().entries)


def test_check_refuses_the_worksheet_of_another_class(tmp_path: Path) -> None:
    """No row belongs to anybody: that is told before grading."""
    file = write(tmp_path, f"{BLIND}\r\nParticipant 5,,,20.00,Yes,\r\n")
    assert str(file) == error_of(InputError, moodle.read(file).check, sample.whole().entries).place
    assert () == moodle.read(file).check(())


def test_read_refuses_a_file_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worksheet that cannot be filled in the end is told at the start."""
    file = write(tmp_path, f"{BLIND}\r\nParticipant 1002,,,20.00,Yes,\r\n")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert str(file) == error_of(InputError, moodle.read, file).place


def test_with_groups_takes_the_groups_of_the_worksheet(tmp_path: Path) -> None:
    """Moodle has a column of groups if they hand in together; the roster's own groups stay."""
    text = (
        "Identifier,Full name,Email address,Group,Grade,Maximum grade\n"
        "Participant 1,Alice,,G1,,20.00\n"
        "Participant 2,,bob@x.example,G1,,20.00\n"
        "Participant 3,Carol,,G1,,20.00\n"
        "Participant 4,Dan,,Default group,,20.00\n"
    )
    students = (
        Student("alice", "Alice", ""),
        Student("bob", "Bob", "bob@x.example"),
        Student("carol", "Carol", "", group="mine"),
        Student("dan", "Dan", ""),
        Student("zoe", "Zoe", ""),
    )
    found = moodle.read(write(tmp_path, text)).with_groups(students)
    assert ["G1", "G1", "mine", "", ""] == [student.group for student in found]
    assert students == moodle.read(write(tmp_path, f"{BLIND}\n")).with_groups(students)


@pytest.mark.parametrize(
    ("headings", "identifier", "locked"),
    [
        (
            "Identifier,Full name,Grade,Maximum grade,Grade can be changed,Feedback comments",
            "Participant 1002",
            "No",
        ),
        (SHORT, "Participant1002", "Non"),
        (
            "ID,E-Mail-Adresse,Bewertung,Bestwertung,Bewertung kann geändert werden,Feedback als Kommentar",
            "Teilnehmer/in1002",
            "Nein",
        ),
    ],
    ids=["English", "French", "German"],
)
def test_fill_knows_the_words_of_each_language(
    headings: str, identifier: str, locked: str, tmp_path: Path
) -> None:
    """The identifier has a blank in English only; a locked grade stays in each language."""
    rows_of = f'{identifier},,,"20,00",?,\r\n{identifier[:-1]}3,,,"20,00",{locked},\r\n'
    file = write(tmp_path, f"{headings}\r\n{rows_of}")
    filled = moodle.fill(file, sample.whole())
    assert (1, ("carol",)) == (filled.graded, filled.locked)
    assert ["12,50", ""] == [line[2] for line in csv.reader(file.read_text().splitlines()[1:])]


def test_fill_of_a_workbook_writes_a_csv_file_beside_it(tmp_path: Path) -> None:
    """Moodle takes no workbook; the workbook stays as it is, and a second time fills the same file."""
    head = next(csv.reader([FRENCH]))
    row = ("Participant 1002", "Bob", None, "Remis, en retard", None, 20, "Oui", None, "-", None)
    file = workbooks.write(tmp_path / "sheet.xlsx", [head, row])
    before = file.read_bytes()
    for _ in range(2):
        filled = moodle.fill(file, sample.whole())
    assert (before, tmp_path / "sheet-filled.csv", 1) == (file.read_bytes(), filled.file, filled.graded)
    assert f"{FRENCH}\r\n".encode() == filled.file.read_bytes().splitlines(keepends=True)[0]
    [cells] = _read(filled.file.read_text())
    assert ["Participant 1002", "Remis, en retard", "12,50", "20"] == [
        cells[name] for name in ("Identifiant", "Statut", "Note", "Note maximale")
    ]
