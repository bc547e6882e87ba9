"""Rosters: what Moodle exports in French and English, what spreadsheets make of it, and lists by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.lab import roster
from sharklab.lab.roster import Student
from tests.support.errors import error_of

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


def test_read_of_a_worksheet_keeps_moodles_identifier(tmp_path: Path) -> None:
    """The worksheet's identifier is Moodle's; the seat is named by the address."""
    text = (
        "Identifiant,Nom complet,Adresse de courriel,Statut,Note\n"
        "Participant 77,Alice Élodie Durand,alice@uni.example,Remis,\n"
    )
    assert (Student("alice", ALICE.name, ALICE.email, "Participant 77"),) == read(tmp_path, text)


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
