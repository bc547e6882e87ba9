"""The class at a glance: for each student the exercises that are achieved, and the time without progress.

Every check of a student leaves its points here, on disk, so a server that was started again knows them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.cli import seats
from sharklab.cli.workbench.desk import clock
from sharklab.errors import MachineryError
from sharklab.grading.marking.model import Result
from sharklab.i18n import Translator
from sharklab.lab import diary, handed_in, help_note, seat
from sharklab.lab.model import Lab
from sharklab.lab.roster import Student
from sharklab.message import N_

NOW, ONCE, NEVER = "now", "once", "never"
"""The states of an exercise: achieved at the last check, at an earlier one, at none."""


@dataclass(frozen=True)
class Record:
    """The notes about one student: of each exercise the points, their worth, and the most points ever.

    `gained` is the time of the last gain of points, `checked` that of the last check (epoch seconds, 0.0 for
    never).
    """

    points: Mapping[str, tuple[float, float, float]]
    gained: float = 0.0
    checked: float = 0.0


def read(lab: str, student: str) -> Record:
    """Return the notes about a student. Raises MachineryError when their file is damaged."""
    file = _file(lab, student)
    try:
        plain = json.loads(file.read_text())
        points = {
            id: (float(now), float(worth), float(most)) for id, (now, worth, most) in plain["points"].items()
        }
        return Record(points, float(plain["gained"]), float(plain["checked"]))
    except FileNotFoundError:
        return Record({})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MachineryError(
            N_("the file is damaged: {fault}"), place=str(file), hint=N_("remove it"), fault=error
        ) from error


def note_check(lab: str, student: str, result: Result) -> None:
    """Note the points of a check that ends now."""
    old, now = read(lab, student), time.time()
    points, has_gained = {}, False
    for exercise in result.exercises:
        most = old.points.get(exercise.id, (0.0, 0.0, 0.0))[2]
        has_gained = has_gained or exercise.points > most
        points[exercise.id] = (exercise.points, exercise.worth, max(most, exercise.points))
    _write(lab, student, Record(points, now if has_gained else old.gained, now))


def rows(lab: Lab, students: Iterable[Student], words: Translator) -> list[dict[str, Any]]:
    """Return a row of plain data for each student, the one without progress for longest first."""
    hosts = {each["student"]: each["hosts"] for each in seats.status(lab.name)}
    handed = handed_in.last(lab.name)
    found = [_row(lab, own, hosts.get(own.id, {}), handed.get(own.id, 0.0), words) for own in students]
    return sorted(found, key=lambda row: (bool(row["handed"]), row["is_done"], -row["stuck"], row["student"]))


def _row(
    lab: Lab, own: Student, hosts: Mapping[str, str], handed: float, words: Translator
) -> dict[str, Any]:
    record, now = read(lab.name, own.id), time.time()
    known, help = seat.look_up(lab, own.id), help_note.read(lab.name, own.id)
    since = max(record.gained, diary.begun(known))
    exercises = [
        {"part": each.part, "title": words.prose(each.title), "state": _state(record, each.id)}
        for each in lab.exercises
    ]
    return {
        "student": own.id,
        "name": own.name,
        "hosts": {host: words.gettext(said) for host, said in hosts.items()},
        "exercises": exercises,
        "is_done": all(each["state"] == NOW for each in exercises),
        "points": sum(points[0] for points in record.points.values()),
        "worth": sum(points[1] for points in record.points.values()),
        "checked": record.checked,
        "stuck": int((now - since) // 60) if since else 0,
        "hints": len(diary.hints(known)),
        "hand": int((now - help.hand) // 60) if help.hand else -1,
        "right": help.right,
        "letters": len(help.letters),
        "clock": clock(lab, own.id, words),
        "handed": handed,
        "handed_at": time.strftime("%H:%M", time.localtime(handed)),
    }


def _state(record: Record, exercise: str) -> str:
    now, worth, most = record.points.get(exercise, (0.0, 0.0, 0.0))
    if not worth or most < worth:
        return NEVER
    return NOW if now >= worth else ONCE


def _file(lab: str, student: str) -> Path:
    place = state.seat_folder(lab, student)
    return state.root() / "workbench" / "board" / place.parent.name / f"{place.name}.json"


def _write(lab: str, student: str, record: Record) -> None:
    file = _file(lab, student)
    state.write(state.folder(file.parent) / file.name, json.dumps(vars(record)))
