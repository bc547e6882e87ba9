"""Read the students of a class: a table from Moodle, Canvas or a spreadsheet, or one written by hand.

By hand, one line per student under `student,name,email`, `group` if groups hand in together, `minutes`
if some have more time in an exam, and `ssh_key` for logins on a class server. Columns are found by their
headings in English, French or German, in any order. One column of the file names all seats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.lab import csv_table, table_file
from sharklab.lab.csv_table import CsvTable, TableRow
from sharklab.lab.seat import STUDENT
from sharklab.message import N_, NN_, Message

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "student": ("student", "etudiant", "etudiante", "student id", "students", "etudiants"),
    "username": (
        *("username", "user name", "login", "nom d'utilisateur", "nom utilisateur"),
        *("identifiant de connexion", "anmeldename", "benutzername"),
    ),
    "number": (
        *("id number", "student number", "numero d'identification", "numero etudiant", "numero d'etudiant"),
        *("n° etudiant", "n° d'etudiant", "no etudiant", "num etudiant", "code etudiant", "matricule"),
        *("numero apogee", "n° apogee", "num apogee", "code apogee", "cod_etu", "num_etu", "numero_etudiant"),
        *("id-nummer", "matrikelnummer"),
    ),
    "identifier": ("identifier", "identifiant"),
    "id": ("id",),
    "email": (
        *("email", "e-mail", "email address", "e-mail address", "mail", "courriel", "adresse de courriel"),
        *("adresse courriel", "adresse e-mail", "adresse email", "adresse mail", "e-mail-adresse"),
    ),
    "seat": ("seat",),
    "name": (
        *("name", "full name", "nom complet", "prenom et nom", "nom et prenom", "first name / last name"),
        *("prenom / nom de famille", "prenom / nom", "vollstandiger name"),
        *("nom prenom", "prenom nom", "nom / prenom", "nom, prenom", "nom de l'etudiant"),
    ),
    "first": ("first name", "prenom", "given name", "vorname", "lib_pr1_ind"),
    "last": ("last name", "surname", "nom de famille", "nom", "family name", "nachname", "lib_nom_pat_ind"),
    "group": ("group", "groupe", "gruppe", "team", "equipe"),
    "minutes": ("minutes", "minuten"),
    "ssh_key": ("ssh_key", "ssh key", "cle ssh", "clef ssh", "ssh-schlussel"),
}
"""The headings of each column as `csv_table.plain` gives them, the best first."""
CANVAS: Mapping[str, tuple[str, ...]] = {
    "name": ("student", "etudiant", "student name"),
    "username": ("sis login id",),
    "number": ("sis user id",),
}
"""The headings of a gradebook of Canvas, whose column `Student` holds names and `ID` numbers of Canvas."""
IDENTITIES = ("student", "username", "identifier", "number", "id", "email", "seat")
"""The columns that can name the seats; the first of them with content names all."""
PARTICIPANT = re.compile(r"(?:Participante?|Teilnehmer(?:[/*:]?in)?) ?(\d+)")
"""Moodle's identifier in a worksheet, with a blank in English, without one in French and German.

In a list by hand the identifier is the student's own.
"""

_OF_MOODLE = ("identifier", "id")
"""The columns that hold Moodle's identifier in a worksheet, in English and French, and in German."""
_POINTS = ("points possible", "points possibles")
_TESTER = "student, test"
"""The student whom Canvas makes for a teacher's own trials."""
_NO_GROUP = re.compile(
    r"default group|not a member of any group.*|member of more than one group.*"
    r"|groupe par defaut|membre d'aucun groupe.*|membre de plusieurs groupes.*"
    r"|standard-gruppe|nicht mitglied einer gruppe.*|mitglied in mehreren gruppen.*"
)
"""Moodle's words for the students who are in no group, or in several (mod/assign/lang)."""
_MONTHS = (
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|janv|f[eé]vr|mars|avr|mai|juin|juil|ao[uû]t|sept|d[eé]c"
    r"|m[aä]r|m[aä]rz|okt|dez"
)
_REWRITTEN = (
    (re.compile(r"\d+(?:[.,]\d+)?E[+-]\d+", re.IGNORECASE), N_("a spreadsheet shortened a number to {text}")),
    (re.compile(r"\d+[.,]0+"), N_("a program wrote a number as {text}")),
    (
        re.compile(rf"\d{{1,2}}[-. ](?:{_MONTHS})\.?", re.IGNORECASE),
        N_("a spreadsheet made a date of it: {text}"),
    ),
)
MENDED = N_("{file}: quotes of a word processor are read as plain quotes, in the lines {lines}")
_TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""A text as it is written for Excel to leave it alone: ="00123"."""
_QUOTES = "\"'‘’‚‛“”„‟«»‹›` "
"""Quotes that stand around an id."""
_WRITE_AGAIN = N_("write the content of the cell again, in a column of the format Text")
_MINUTES = re.compile(r"([1-9]\d{0,3})(?:[.,]0+)?")
"""A number of minutes, also as a spreadsheet may write it."""
_ERROR_CELL = re.compile(r"#+|#[A-ZÉ/0-9]+[!?]?")
"""A spreadsheet's text for a formula that failed, or for a column that is too narrow."""


@dataclass(frozen=True)
class Student:
    """One student of a class. `id` names their seat; `moodle_id` is Moodle's "Participant 12".

    The members of one `group` hand in together. `minutes` is the student's own time in an exam, 0 for the
    time of the lab. `ssh_key` is a public key, as it was written.
    """

    id: str
    name: str
    email: str
    moodle_id: str = ""
    group: str = ""
    minutes: int = 0
    ssh_key: str = ""


def read(file: Path, tell: Callable[[Message], None] = lambda message: None) -> tuple[Student, ...]:
    """Return the students of a class in the order of the file.

    `tell` hears of quotes that are left out. Raises InputError when the file is no such list, with every line
    that is wrong.
    """
    known = {word for words in (*HEADINGS.values(), *CANVAS.values()) for word in words}
    table = table_file.read(file, known)
    columns = _Columns(table)
    lines: dict[str, int] = {}
    students, problems = [], []
    for row in columns.rows:
        try:
            student = columns.student(row)
            _check(student, lines, row.line)
            students.append(student)
        except InputError as error:
            error.place = f"{file}:{row.line}"
            problems.append(error)
    if problems or not students:
        raise InputError(
            N_("some students of the class cannot get a seat") if problems else N_("the class is empty"),
            place=str(file),
            problems=tuple(problems),
        )
    if mended := sorted({*table.mended, *columns.mended}):
        tell(Message(MENDED, {"file": str(file), "lines": list(map(str, mended))}))
    return tuple(students)


def own_group(text: str) -> str:
    """Return the group that a cell names, or "" for Moodle's group of the students without one."""
    group = untrusted.one_line(text)
    return "" if _NO_GROUP.fullmatch(csv_table.plain(group)) else group


class _Columns:
    """The columns of a roster: which cell of a row is what."""

    def __init__(self, table: CsvTable) -> None:
        self.mended: set[int] = set()
        """The lines in which quotes stand around the id, and are left out."""
        self._table = table
        headings = table.plain_headings
        canvas = any(word in headings for word in (*CANVAS["username"], *CANVAS["number"]))
        self._canvas = canvas
        self._places = {
            name: headings.index(found)
            for name, words in (CANVAS if canvas else HEADINGS).items()
            for found in [next((word for word in words if word in headings), "")]
            if found
        }
        self._identity = self._find_identity()

    @property
    def rows(self) -> tuple[TableRow, ...]:
        """Return the rows of students: in Canvas those below the points that can be earned."""
        rows = self._table.rows
        if not self._canvas:
            return rows
        names = [csv_table.plain(self._raw(row, "name")) for row in rows]
        first = 1 + max((names.index(word) for word in _POINTS if word in names), default=-1)
        return tuple(row for row, name in zip(rows[first:], names[first:], strict=True) if name != _TESTER)

    def student(self, row: TableRow) -> Student:
        """Return the student of a row. Raises InputError when a cell is damaged or in another column."""
        self._check_shape(row)
        for name in self._places:
            self._check_doubt(row, name)
            _check_cell(self._cell(row, name))
        email = self._cell(row, "email")
        if email and "@" not in email:
            raise InputError(
                N_("{text!r} is not an e-mail address"),
                hint=N_("check the quotes and the separators of the line"),
                text=email,
            )
        participant = next((text for text in self._participants(row)), "")
        return Student(
            id=self._id(row),
            name=self._cell(row, "name")
            or " ".join(filter(None, (self._cell(row, "first"), self._cell(row, "last")))),
            email=email,
            moodle_id=participant,
            group=own_group(self._cell(row, "group")),
            minutes=_minutes(self._cell(row, "minutes")),
            ssh_key=self._cell(row, "ssh_key"),
        )

    def _find_identity(self) -> str:
        """Return the column that names the seats. Raises InputError without one."""
        known = [name for name in IDENTITIES if name in self._places]
        filled = [name for name in known if any(self._identity_of(row, name) for row in self.rows)]
        if filled:
            return filled[0]
        blind = any(self._participants(row) for row in self.rows)
        if known and not blind:
            return known[0]
        raise InputError(
            N_("the list names Moodle's participants only, without a column that identifies students")
            if blind
            else N_("the first line names no column that identifies students"),
            place=str(self._table.file),
            hint=N_("leave out --roster, and fill this worksheet with --moodle")
            if blind
            else N_("give it these columns: student,name,email"),
        )

    def _id(self, row: TableRow) -> str:
        text = self._identity_of(row, self._identity)
        for pattern, reason in _REWRITTEN:
            if pattern.fullmatch(text):
                raise InputError(
                    reason, hint=N_("write the student's id again, in a column of the format Text"), text=text
                )
        bare = text.strip(_QUOTES)
        if bare != text:
            self.mended.add(row.line)
        return bare.partition("@")[0] if self._identity == "email" else bare

    def _identity_of(self, row: TableRow, name: str) -> str:
        """Return the cell of a column of identities, unless it holds Moodle's identifier."""
        text = self._cell(row, name)
        return "" if name in _OF_MOODLE and PARTICIPANT.fullmatch(text) else text

    def _participants(self, row: TableRow) -> Sequence[str]:
        cells = (self._cell(row, name) for name in _OF_MOODLE)
        return [text for text in cells if PARTICIPANT.fullmatch(text)]

    def _cell(self, row: TableRow, name: str) -> str:
        text = untrusted.one_line(self._raw(row, name))
        formula = _TEXT_FORMULA.fullmatch(text)
        return formula[1].strip() if formula else text

    def _raw(self, row: TableRow, name: str) -> str:
        index = self._places.get(name, len(row.cells))
        return row.cells[index] if index < len(row.cells) else ""

    def _check_shape(self, row: TableRow) -> None:
        """Raise InputError when cells may be in the column of another."""
        if self._table.is_workbook:
            return
        count = len(self._table.headings.cells)
        separator = "TAB" if self._table.separator == "\t" else self._table.separator
        if any(map(str.strip, row.cells[count:])):
            raise InputError(
                NN_(
                    "the line has {count} cell, but the first line has {headings}",
                    "the line has {count} cells, but the first line has {headings}",
                ),
                hint=N_("put quotes around a cell that contains the separator ({separator})"),
                count=len(row.cells),
                headings=count,
                separator=separator,
            )
        if any("\n" in text and self._table.separator in text for text in self._list_known_cells(row)):
            raise InputError(
                N_("a cell that begins in this line contains other lines: a quote may not be closed"),
                hint=N_("write a quote at both ends of the cell, and two quotes for one inside it"),
            )

    def _check_doubt(self, row: TableRow, name: str) -> None:
        """Raise InputError when the text of a cell is not sure."""
        if doubt := row.doubts.get(self._places[name]):
            raise InputError(doubt.msgid, hint=_WRITE_AGAIN, **doubt.values)

    def _list_known_cells(self, row: TableRow) -> Iterator[str]:
        return (self._raw(row, name).replace("\r", "\n").strip("\n") for name in self._places)


def _minutes(text: str) -> int:
    """Return the minutes in a cell, 0 for an empty one. Raises InputError for another text."""
    if not text:
        return 0
    if not (found := _MINUTES.fullmatch(text)):
        raise InputError(
            N_("{text!r} is not a number of minutes"),
            hint=N_("write the whole time of the student in minutes, such as 120"),
            text=text,
        )
    return int(found[1])


def _check_cell(text: str) -> None:
    """Raise InputError when a program damaged the text of a cell."""
    if _ERROR_CELL.fullmatch(text):
        raise InputError(
            N_("a spreadsheet wrote {text} in place of the content"),
            hint=N_("write the content of the cell again"),
            text=text,
        )
    if "\N{REPLACEMENT CHARACTER}" in text or _is_decoded_twice(text):
        raise InputError(
            N_("letters of {text!r} were lost before: the file was saved in another encoding"),
            hint=N_("export the list again, and save it as: CSV UTF-8"),
            text=text,
        )


def _is_decoded_twice(text: str) -> bool:
    """Return True for the letters of UTF-8 that a program took for Windows-1252: "ZoÃ©"."""
    try:
        return not text.isascii() and bool(text.encode("cp1252").decode("utf-8"))
    except UnicodeError:
        return False


def _check(student: Student, lines: dict[str, int], number: int) -> None:
    """Raise InputError when the student cannot be given a seat, or has one already."""
    if not STUDENT.fullmatch(student.id):
        raise InputError(
            N_("{student!r} is not a valid student id") if student.id else N_("the line has no student id"),
            hint=N_("use at most 64 letters, digits and . _ @ + -, and start with a letter or a digit"),
            student=student.id,
        )
    if student.id.casefold() in lines:
        raise InputError(
            N_("{student} is on line {line} already"),
            hint=N_("add a column `student` with a different id for each student"),
            student=student.id,
            line=lines[student.id.casefold()],
        )
    lines[student.id.casefold()] = number
