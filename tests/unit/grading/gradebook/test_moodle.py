"""Moodle's worksheet: the grade and the comment of each student, and no other byte."""

from __future__ import annotations

import csv
import errno
import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import moodle
from sharklab.grading.gradebook.model import Class
from tests.support import gradebook_sample as sample
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


def test_fill_twice_gives_the_same_file(tmp_path: Path) -> None:
    """A worksheet can be filled again after a regrade."""
    file = _sheet(tmp_path, FRENCH, '"Participant 1001","Alice Müller",,Remis,,"20,00",Oui,-,-,')
    moodle.fill(file, sample.whole())
    once = file.read_bytes()
    moodle.fill(file, sample.whole())
    assert once == file.read_bytes()


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
    odd = 'Participant 1002,"Bob"x" y,z'
    file = _sheet(tmp_path, ENGLISH, odd)
    moodle.fill(file, sample.whole())
    assert odd in file.read_text()


@pytest.mark.parametrize(("most", "grade"), [("-", "5.00"), ("", "5.00"), ("10", "6.25")])
def test_fill_scales_points_to_the_maximum_of_the_sheet(tmp_path: Path, most: str, grade: str) -> None:
    """A scale that is no number leaves the points as they are."""
    file = _sheet(tmp_path, ENGLISH, f"Participant 1002,Bob,,,,{most},Yes,-,-,")
    moodle.fill(file, sample.whole())
    assert grade == _read(file.read_text())[0]["Grade"]
