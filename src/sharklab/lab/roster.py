"""Read the students of a class: a CSV file from Moodle, in French or English, or one written by hand.

By hand, one line per student under `student,name,email`. From Moodle, the list of participants, a
gradebook, or the worksheet of an assignment; columns are found by their headings, in any order.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.lab.seat import STUDENT
from sharklab.message import N_

LARGEST = 4 << 20
"""Bytes; a class of 10,000 fits in."""

HEADINGS: Mapping[str, frozenset[str]] = {
    "student": frozenset({"student", "etudiant", "student id", "seat", "login", "id"}),
    "username": frozenset({"username", "nom d'utilisateur", "user name", "nom utilisateur"}),
    "number": frozenset({"id number", "numero d'identification", "student number", "numero etudiant"}),
    "email": frozenset(
        {"email", "e-mail", "email address", "adresse de courriel", "courriel", "mail", "adresse e-mail"}
    ),
    "name": frozenset({"name", "full name", "nom complet", "prenom et nom", "first name / last name"}),
    "first": frozenset({"first name", "prenom", "given name"}),
    "last": frozenset({"last name", "surname", "nom de famille", "nom", "family name"}),
    "participant": frozenset({"identifier", "identifiant"}),
}
"""The headings of each column, without accents and in lower case."""
_PARTICIPANT = re.compile(r"Participant \d+")
"""Moodle's identifier in a worksheet; in a list by hand the identifier is the student's own."""


@dataclass(frozen=True)
class Student:
    """One student of a class. `id` names their seat; `moodle_id` is Moodle's "Participant 12"."""

    id: str
    name: str
    email: str
    moodle_id: str = ""


def read(file: Path) -> tuple[Student, ...]:
    """Return the students of a class in the order of the file.

    Raises InputError when the file is no such list, with every line that is wrong.
    """
    rows = list(csv.reader(io.StringIO(text := _text(file), newline=""), delimiter=_delimiter(text)))
    columns = _columns(file, rows[0] if rows else [])
    lines: dict[str, int] = {}
    students, problems = [], []
    for number, row in enumerate(rows[1:], 2):
        if not any(map(str.strip, row)):
            continue
        try:
            student = _student(columns, row)
            _check(student, lines, number)
            students.append(student)
        except InputError as error:
            error.place = f"{file}:{number}"
            problems.append(error)
    if problems or not students:
        raise InputError(
            N_("some students of the class cannot get a seat") if problems else N_("the class is empty"),
            place=str(file),
            problems=tuple(problems),
        )
    return tuple(students)


def _text(file: Path) -> str:
    """Return the text of the file: UTF-8, or what spreadsheets of western Europe write."""
    content = untrusted.read(file, LARGEST)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text.replace("\0", "")


def _delimiter(text: str) -> str:
    """Return the separator of columns: spreadsheets write ; in languages with a decimal comma."""
    heading = text.partition("\n")[0]
    return max(",;\t", key=heading.count)


def _columns(file: Path, headings: Sequence[str]) -> Mapping[str, int]:
    """Return the place of each column that is known. Raises InputError when no student can be named."""
    plain = [_normalise(heading) for heading in headings]
    columns = {name: plain.index(word) for name, words in HEADINGS.items() for word in plain if word in words}
    if not columns.keys() & {"student", "username", "participant", "number", "email"}:
        raise InputError(
            N_("the first line names no column that identifies students"),
            place=str(file),
            hint=N_("give it these columns: student,name,email"),
        )
    return columns


def _normalise(heading: str) -> str:
    letters = unicodedata.normalize("NFKD", heading.replace("’", "'"))
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).casefold().split())


def _student(columns: Mapping[str, int], row: Sequence[str]) -> Student:
    def cell(name: str) -> str:
        index = columns.get(name, len(row))
        text = row[index] if index < len(row) else ""
        return untrusted.one_line(text)

    email, identifier = cell("email"), cell("participant")
    participant = identifier if _PARTICIPANT.fullmatch(identifier) else ""
    own = identifier if not participant else ""
    names = [cell("student"), cell("username"), own, cell("number"), email.partition("@")[0]]
    return Student(
        id=next((name for name in names if name), ""),
        name=cell("name") or " ".join(filter(None, (cell("first"), cell("last")))),
        email=email,
        moodle_id=participant,
    )


def _check(student: Student, lines: dict[str, int], number: int) -> None:
    """Raise InputError when the student cannot be given a seat, or has one already."""
    if not STUDENT.fullmatch(student.id):
        raise InputError(
            N_("{student!r} is not a valid student id") if student.id else N_("the line has no student id"),
            hint=N_("use at most 64 letters, digits and . _ @ + -, and start with a letter or a digit"),
            student=student.id,
        )
    if student.id in lines:
        raise InputError(
            N_("{student} is on line {line} already"),
            hint=N_("add a column `student` with a different id for each student"),
            student=student.id,
            line=lines[student.id],
        )
    lines[student.id] = number
