"""Read the corrections of the instructor: a table with a line for each mark that is set by hand.

The columns are found by their headings in English or French, in any order: `student`, `exercise`, `points`,
`comment`. The student and the exercise are named as in the gradebook; an exercise also by its title.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.grading.marking.policy import Correction
from sharklab.lab import table_file
from sharklab.lab.csv_table import TableRow, plain
from sharklab.lab.model import Lab
from sharklab.message import N_

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "student": ("student", "etudiant", "etudiante", "identifier", "identifiant"),
    "exercise": ("exercise", "exercice"),
    "points": ("points",),
    "comment": ("comment", "commentaire"),
}
"""The headings of each column as `csv_table.plain` gives them, the best first."""


@dataclass(frozen=True)
class Corrections:
    """The corrections in a file, each with its student and its line."""

    file: Path = Path()
    lines: tuple[tuple[int, str, Correction], ...] = field(default=())

    def of(self, student: str, lab: Lab) -> tuple[Correction, ...]:
        """Return the corrections of a student, whose exercises have the ids of `lab`."""
        exercises = _exercises(lab)
        return tuple(
            Correction(exercises[plain(each.exercise)] if each.exercise else "", each.points, each.comment)
            for _, name, each in self.lines
            if name == student
        )

    def check(self, students: Collection[str], lab: Lab) -> None:
        """Raise InputError when a line is about no one of `students`, or about no exercise of `lab`."""
        exercises = _exercises(lab)
        seen: set[tuple[str, str]] = set()
        problems = []
        for line, student, each in self.lines:
            own = exercises.get(plain(each.exercise), "")
            if error := _problem(student, each, own, students, lab, (student, own) in seen):
                error.place = f"{self.file}:{line}"
                problems.append(error)
            if own:
                seen.add((student, own))
        _refuse(self.file, problems)


NO_CORRECTIONS = Corrections()


def _problem(
    student: str, given: Correction, exercise: str, students: Collection[str], lab: Lab, again: bool
) -> InputError | None:
    """Return the mistake of a correction, or None; `exercise` is the id of its exercise."""
    if student not in students:
        hint = N_("write the student as the first column of gradebook.csv does")
        return InputError(N_("{student!r} is not in this class"), hint=hint, student=student)
    if given.exercise and not exercise:
        text, known = N_("{name!r} is no exercise of {lab}"), [each.id for each in lab.exercises]
        return InputError(
            text, hint=N_("name one of these: {known}"), name=given.exercise, lab=lab.name, known=known
        )
    if again:
        text = N_("another line corrects the same exercise of {student}")
        return InputError(text, hint=N_("leave one of the two lines out"), student=student)
    return None


def read(file: Path) -> Corrections:
    """Return the corrections in a table. Raises InputError with every line that is wrong."""
    table = table_file.read(file, {word for words in HEADINGS.values() for word in words})
    places = {
        name: table.plain_headings.index(found)
        for name, words in HEADINGS.items()
        for found in [next((word for word in words if word in table.plain_headings), "")]
        if found
    }
    if missing := [name for name in ("student", "points", "comment") if name not in places]:
        raise InputError(
            N_("the first line lacks these columns: {missing}"),
            place=str(file),
            hint=N_("give it these columns: student,exercise,points,comment"),
            missing=missing,
        )
    lines, problems = [], []
    for row in table.rows:
        try:
            lines.append((row.line, *_line(row, places)))
        except InputError as error:
            error.place = f"{file}:{row.line}"
            problems.append(error)
    _refuse(file, problems)
    return Corrections(file, tuple(lines))


def _line(row: TableRow, places: Mapping[str, int]) -> tuple[str, Correction]:
    """Return the student and the correction of a line. Raises InputError when it is wrong."""
    cells = dict(_cells(row, places))
    exercise, comment = cells.get("exercise", ""), cells["comment"]
    try:
        points = float(cells["points"].replace(",", ".").replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        hint = N_("write a number, such as 2 or 1.5")
        raise InputError(N_("{text!r} are no points"), hint=hint, text=cells["points"])
    if exercise and points < 0:
        hint = N_("write the points that the exercise earns; a line without an exercise may take points off")
        raise InputError(N_("an exercise cannot earn less than nothing"), hint=hint)
    if not comment:
        raise InputError(
            N_("a correction needs a comment"), hint=N_("write the reason: the student reads it")
        )
    return cells["student"], Correction(exercise, points, comment)


def _cells(row: TableRow, places: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for name, place in places.items():
        yield name, untrusted.one_line(row.cells[place] if place < len(row.cells) else "").strip()


def _exercises(lab: Lab) -> Mapping[str, str]:
    """Return the ids of the exercises by the names that a line may use."""
    titles = {plain(title): each.id for each in lab.exercises for title in each.title.values()}
    return titles | {plain(each.id): each.id for each in lab.exercises}


def _refuse(file: Path, problems: list[InputError]) -> None:
    """Raise InputError with the problems, if there are any."""
    if problems:
        raise InputError(N_("some corrections are wrong"), place=str(file), problems=tuple(problems))
