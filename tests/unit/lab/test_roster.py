"""Rosters: what Moodle exports in French and English, what spreadsheets make of it, and lists by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.lab import roster
from sharklab.lab.roster import Student
from sharklab.message import Message
from tests.support import workbooks
from tests.support.errors import error_of

CASES = Path(__file__).parents[2] / "data" / "rosters"
ALICE = Student("alice", "Alice Élodie Durand", "alice@uni.example")
BOB = Student("bob", "Bob Le Gall, jr", "bob@uni.example")


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> tuple[Student, ...]:
    """Return the students of a file with this text."""
    file = tmp_path / "roster.csv"
    file.write_bytes(text.encode(encoding))
    return roster.read(file)


@pytest.mark.parametrize(
    "text",
    [
        "student,name,email\nalice,Alice Élodie Durand,alice@uni.example\nbob,"
        '"Bob Le Gall, jr",bob@uni.example\n',
        "Prénom,Nom de famille,Adresse de courriel,Nom d’utilisateur,Numéro d’identification\n"
        'Alice Élodie,Durand,alice@uni.example,alice,123\nBob,"Le Gall, jr",bob@uni.example,bob,124\n',
        '"First name","Last name","ID number","Email address"\r\n'
        '"Alice Élodie","Durand","alice","alice@uni.example"\r\n\r\n'
        '"Bob","Le Gall, jr","bob","bob@uni.example"\r\n',
        "Prénom;Nom;Adresse de courriel\nAlice Élodie;Durand;alice@uni.example\n"
        "Bob;Le Gall, jr;bob@uni.example\n",
        "Identifiant\tNom complet\tCourriel\nalice\tAlice Élodie  Durand\talice@uni.example\n"
        "bob\tBob Le Gall, jr\tbob@uni.example\n",
    ],
    ids=["by hand", "participants in French", "gradebook in English", "spreadsheet", "tabs"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_read_finds_columns_by_their_headings(text: str, encoding: str, tmp_path: Path) -> None:
    """The same class, whatever it was exported from, in whatever order and letters."""
    assert (ALICE, BOB) == read(tmp_path, text, encoding)


@pytest.mark.parametrize("heading", ["Nom Prénom", "Prénom Nom", "NOM, Prénom", "Nom / Prénom"])
def test_read_finds_the_name_under_a_heading_of_both_names(heading: str, tmp_path: Path) -> None:
    """As teachers write it; a class without names loses what folders are named after."""
    [student] = read(tmp_path, f"{heading};Mail\nMARTIN Alice;alice@uni.example\n")
    assert ("alice", "MARTIN Alice") == (student.id, student.name)


def test_read_of_a_worksheet_keeps_moodles_identifier(tmp_path: Path) -> None:
    """The worksheet's identifier is Moodle's; the seat is named by the address."""
    text = (
        "Identifiant,Nom complet,Adresse de courriel,Statut,Note\n"
        "Participant 77,Alice Élodie Durand,alice@uni.example,Remis,\n"
    )
    assert (Student("alice", ALICE.name, ALICE.email, "Participant 77"),) == read(tmp_path, text)


@pytest.mark.parametrize(
    ("headings", "participant"),
    [
        ("Identifier,Full name,Email address,Status,Group,Grade", "Participant 77"),
        ("Identifiant,Nom complet,Adresse de courriel,Statut,Groupe,Note", "Participant77"),
        ("ID,Vollständiger Name,E-Mail-Adresse,Status,Gruppe,Bewertung", "Teilnehmer/in77"),
    ],
    ids=["English", "French", "German"],
)
def test_read_of_a_worksheet_in_each_language(headings: str, participant: str, tmp_path: Path) -> None:
    """Moodle writes its identifier with a blank in English only: it is nobody's own id in any language."""
    text = f"{headings}\n{participant},{ALICE.name},{ALICE.email},Submitted,G1,\n"
    assert (Student("alice", ALICE.name, ALICE.email, participant, "G1"),) == read(tmp_path, text)


def test_read_shows_no_control_characters(tmp_path: Path) -> None:
    """A name is shown in terminals and pages: what moves a cursor is left out."""
    [student] = read(tmp_path, 'student,name\nalice,"Alice\x1b[2J\n\u202eDurand"\n')
    assert "Alice [2J Durand" == student.name


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", []),
        ("name\nAlice\n", []),
        ("student,name\n", []),
        ("student,name\n../x,Alice\n", [(2, {"student": "../x"})]),
        ("student,name\n,Alice\n", [(2, {"student": ""})]),
        ("student\nalice\nbob\nalice\n", [(4, {"student": "alice", "line": 2})]),
    ],
    ids=["empty", "no id", "nobody", "bad id", "without id", "twice"],
)
def test_read_of_a_bad_list_names_the_lines(
    text: str, problems: list[tuple[int, dict[str, object]]], tmp_path: Path
) -> None:
    """Each wrong line is a problem with its place and its student."""
    error = error_of(InputError, read, tmp_path, text)
    file = tmp_path / "roster.csv"
    expected = [(f"{file}:{line}", values) for line, values in problems]
    assert expected == [(problem.place, problem.values) for problem in error.problems]
    assert str(file) == error.place


def test_read_of_a_bad_list_tells_all_problems_at_once(tmp_path: Path) -> None:
    """Two bad lines are two problems."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, "student\n/\n?\nalice\n")
    assert 2 == len(caught.value.problems)


@pytest.mark.parametrize(
    ("case", "students"),
    [
        ("id-column.csv", ["alice", "bob", "zoe"]),
        ("seat-column.csv", ["alice", "bob", "zoe"]),
        ("sep-line.csv", ["alice", "bob", "zoe"]),
        ("utf16-excel-unicode-text.csv", ["21901234", "21905678"]),
    ],
)
def test_read_of_lists_that_programs_wrote(case: str, students: list[str]) -> None:
    """The column `student` names the seats, in every encoding and with every separator."""
    assert students == [student.id for student in roster.read(CASES / case)]


def test_read_keeps_the_letters_of_unicode_text() -> None:
    """Excel's "Unicode text" has every letter."""
    assert "Łukasz Bąk" == roster.read(CASES / "utf16-excel-unicode-text.csv")[1].name


@pytest.mark.parametrize(
    ("case", "line"), [("comma-name.csv", 3), ("excel-sci.csv", 2), ("quote-unclosed.csv", 2)]
)
def test_read_refuses_a_damaged_list_with_its_line(case: str, line: int) -> None:
    """No class is smaller than its list, and no identity is another than the list's."""
    error = error_of(InputError, roster.read, CASES / case)
    assert f"{CASES / case}:{line}" in [error.place, *(problem.place for problem in error.problems)]


@pytest.mark.parametrize(
    ("headings", "row", "expected"),
    [
        ("id,student,name", "40211,alice,A", "alice"),
        ("seat,id,student", "B1,40211,alice", "alice"),
        ("id,username,email", "40211,alice,a@x", "alice"),
        ("seat,name,email", "B1,Alice,alice@uni.example", "alice"),
        ("Identifiant,Étudiant", "77,alice", "alice"),
        ("Numéro d’identification,Adresse de courriel", "219,alice@uni.example", "219"),
        ("Numéro d’identification,Adresse de courriel", ",alice@uni.example", "alice"),
        ("ID-Nummer,E-Mail-Adresse", "219,alice@uni.example", "219"),
        ("N° étudiant;NOM;Prénom;Mail", "219;Durand;Alice;alice@uni.example", "219"),
        ("Anmeldename,Vorname,Nachname", "alice,Alice,Durand", "alice"),
        ("id,name", "alice,Alice", "alice"),
        ("seat,name", "alice,Alice", "alice"),
    ],
)
def test_read_takes_the_identity_from_the_best_column(
    headings: str, row: str, expected: str, tmp_path: Path
) -> None:
    """`student` wins over every other; the number of a place in a room is the last choice."""
    [student] = read(tmp_path, f"{headings}\n{row}\n")
    assert expected == student.id


def test_read_takes_all_identities_from_one_column(tmp_path: Path) -> None:
    """A line without a value in that column gets none from another one."""
    text = "Username,ID number,Email address\nalice,1,alice@x.example\n,2,bob@x.example\n"
    error = error_of(InputError, read, tmp_path, text)
    assert [f"{tmp_path / 'roster.csv'}:3"] == [problem.place for problem in error.problems]


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,TP4 (1234)\n"
    ",,,,,Manual Posting\n"
    "    Points Possible,,,,,20\n"
    '"Durand, Alice",881,219,alice,A,\n'
    '"Student, Test",882,,0123456789abcdef,A,\n'
)


def test_read_of_a_gradebook_of_canvas(tmp_path: Path) -> None:
    """`Student` is a name there; the line of points and the student for trials are none."""
    assert (Student("alice", "Durand, Alice", ""),) == read(tmp_path, CANVAS)


def test_read_of_canvas_without_logins_refuses_names_as_identities(tmp_path: Path) -> None:
    """Canvas can hide logins: then a name would be the identity."""
    text = 'Student,ID,Section\n"Durand, Alice",881,A\n'
    [problem] = error_of(InputError, read, tmp_path, text).problems
    assert {"student": "Durand, Alice"} == problem.values


@pytest.mark.parametrize(
    "cells",
    [
        "2.19E+07,A,a@x",
        '"2,19E+07",A,a@x',
        "21901234.0,A,a@x",
        "01-mars,A,a@x",
        "#NOM?,A,a@x",
        "########,A,a@x",
        "alice,#NAME?,a@x",
        "alice,Zo\ufffd,a@x",
        "alice,ZoÃ© LefÃ¨vre,a@x",
        "alice,Durand, Alice",
        "alice,A,a@x,more",
        'alice,"A,a@x\nbob,B",b@x',
    ],
)
def test_read_refuses_cells_that_a_program_damaged(cells: str, tmp_path: Path) -> None:
    """Each such line is told; nobody gets a seat of a garbled name."""
    error = error_of(InputError, read, tmp_path, f"student,name,email\nzoe,Z,z@x\n{cells}\n")
    assert [f"{tmp_path / 'roster.csv'}:3"] == [problem.place for problem in error.problems]


def test_read_takes_empty_cells_at_the_end(tmp_path: Path) -> None:
    """Spreadsheets write too many separators, and people too few."""
    found = read(tmp_path, "student,name,email\nalice,A,a@x,,\nbob\n")
    assert [("alice", "A"), ("bob", "")] == [(each.id, each.name) for each in found]


@pytest.mark.parametrize(
    ("heading", "group", "expected"),
    [
        ("group", "G1", "G1"),
        ("Groupe", "G1", "G1"),
        ("Gruppe", "G 1", "G 1"),
        ("Group", "Default group", ""),
        ("Groupe", "Groupe par défaut", ""),
        ("Gruppe", "Standard-Gruppe", ""),
        ("Group", "Not a member of any group, so unable to make submissions.", ""),
        ("Groupe", "Membre de plusieurs groupes ; impossible donc de remettre un travail.", ""),
        ("Gruppe", "Nicht Mitglied einer Gruppe. Die Abgabe von Aufgaben ist nicht möglich.", ""),
        ("Groups", "TP A, TD 2", ""),
        ("Groupes", "TP A", ""),
    ],
)
def test_read_finds_groups(heading: str, group: str, expected: str, tmp_path: Path) -> None:
    """A column of one group is of those who hand in together; Moodle's `Groups` are all of a student's."""
    [student] = read(tmp_path, f'student,{heading}\nalice,"{group}"\n')
    assert expected == student.group


@pytest.mark.parametrize("participant", ["Participant 77", "Participant77", "Teilnehmer/in77"])
def test_read_of_a_worksheet_without_names_says_so(participant: str, tmp_path: Path) -> None:
    """Blind marking hides the students: the worksheet is no roster."""
    text = f"Identifier,Status,Grade,Maximum grade\n{participant},Submitted,,20.00\n"
    error = error_of(InputError, read, tmp_path, text)
    assert "the list names Moodle's participants only, without a column that identifies students" == (
        error.message_id
    )


@pytest.mark.parametrize(("cell", "minutes"), [("", 0), ("120", 120), ("120.0", 120), ("120,00", 120)])
def test_read_finds_the_minutes_of_an_exam(cell: str, minutes: int, tmp_path: Path) -> None:
    """An empty cell means the time of the lab; a spreadsheet may write zeros behind a comma."""
    file = tmp_path / "roster.csv"
    file.write_text(f"student;minutes\nalice;{cell}\n")
    assert [minutes] == [student.minutes for student in roster.read(file)]


@pytest.mark.parametrize("cell", ["2 h", "0", "-5", "1.5", "99999"])
def test_read_refuses_minutes_that_are_no_number(cell: str, tmp_path: Path) -> None:
    """The error names the line."""
    file = tmp_path / "roster.csv"
    file.write_text(f"student;minutes\nalice;{cell}\n")
    [problem] = error_of(InputError, roster.read, file).problems
    assert ("{text!r} is not a number of minutes", f"{file}:2") == (problem.message_id, problem.place)


def test_read_of_a_workbook_is_as_of_csv(tmp_path: Path) -> None:
    """Numbers have no decimals and keep their zeros; a cell may hold a line end and a comma."""
    rows = [
        ("Class of 2026",),
        ("Prénom", "Nom", "Numéro étudiant", "Courriel", "Groupe", "Minutes"),
        ("Alice\nÉlodie,", "Durand", 1234, "alice@uni.example", "A", 120),
        ("Bob", "Le Gall, jr", 21905678, "bob@uni.example", None, None),
    ]
    file = workbooks.write(tmp_path / "class.xlsx", rows, formats={"C3": "00000000"}, merged=["E3:E4"])
    assert (
        Student("00001234", "Alice Élodie, Durand", ALICE.email, group="A", minutes=120),
        Student("21905678", BOB.name, BOB.email, group="A"),
    ) == roster.read(file)


def test_read_of_a_workbook_refuses_a_cell_whose_text_is_not_sure(tmp_path: Path) -> None:
    """A date and a number with other signs as ids, with their lines; a date in another column is none."""
    rows = [("student", "seen"), (1234, None), ("bob", None), (45000, 45000)]
    formats = {"A2": "00-00", "A4": "dd-mmm", "B4": "dd-mmm"}
    file = workbooks.write(tmp_path / "class.xlsx", rows, formats=formats)
    error = error_of(InputError, roster.read, file)
    assert [f"{file}:2", f"{file}:4"] == [problem.place for problem in error.problems]


@pytest.mark.parametrize("id", ["“alice”", "‘alice’", "« alice »", "'alice", "`alice`", "alice"])
def test_read_takes_an_id_out_of_its_quotes(id: str, tmp_path: Path) -> None:
    """A quote of a word processor costs no row, and no class; the line is told."""
    file = tmp_path / "roster.csv"
    file.write_text(f"student,name\n{id},Alice\nbob,Bob\n")
    told: list[Message] = []
    assert ["alice", "bob"] == [student.id for student in roster.read(file, told.append)]
    assert [["2"]] * (id != "alice") == [message.values["lines"] for message in told]


def test_read_takes_a_text_out_of_a_formula(tmp_path: Path) -> None:
    """So people keep Excel from changing a number."""
    file = tmp_path / "roster.csv"
    file.write_text('student;name\n="00123";Alice\n')
    assert ["00123"] == [student.id for student in roster.read(file)]


def test_read_refuses_ids_that_differ_in_case_alone(tmp_path: Path) -> None:
    """They are one student, and one folder on some computers."""
    file = tmp_path / "roster.csv"
    file.write_text("student,name\nalice,Alice\nALICE,Alice\n")
    [problem] = error_of(InputError, roster.read, file).problems
    assert f"{file}:3" == problem.place
