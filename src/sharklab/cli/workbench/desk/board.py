"""The class at a glance: for each student the exercises that are achieved, and the time without progress.

Every check of a student leaves its points here, and so does every grading of the folder alone. They are on
disk, so a server that was started again knows them. Points that a fresh seat earns are no progress.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.cli import seats
from sharklab.cli.workbench.desk.grader import Points
from sharklab.cli.workbench.desk.student_desk import clock
from sharklab.grading.marking.model import Result
from sharklab.i18n import Translator
from sharklab.lab import diary, help_note, seat, student_note, submission_store
from sharklab.lab.model import Lab, Seat
from sharklab.lab.roster import Student

NOW, ONCE, NEVER = "now", "once", "never"
"""The states of an exercise: achieved at the last check, at an earlier one, at none."""

KIND = "board"
"""Seconds that a change of a note waits for another one."""


@dataclass(frozen=True)
class BoardRecord:
    """The notes about one student: of each exercise the points, their worth, and the most points ever.

    `gained` is the time of the last gain of points, `checked` that of the last check, `changed` that of the
    last change of the work that was seen here (epoch seconds, 0.0 for never).
    """

    points: Mapping[str, tuple[float, float, float]]
    gained: float = 0.0
    checked: float = 0.0
    changed: float = 0.0


def read(lab: str, student: str) -> BoardRecord:
    """Return the notes about a student. Raises MachineryError when their file is damaged."""
    file = student_note.file_of(KIND, lab, student)
    try:
        plain = json.loads(file.read_text())
        points = {
            id: (float(now), float(worth), float(most)) for id, (now, worth, most) in plain["points"].items()
        }
        times = (float(plain.get(name, 0.0)) for name in ("gained", "checked", "changed"))
        return BoardRecord(points, *times)
    except FileNotFoundError:
        return BoardRecord({})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise state.explain_damage(file, error) from error


def note_check(lab: str, student: str, result: Result) -> None:
    """Note the points of a check that ends now."""
    points = {each.id: (each.points, each.worth) for each in result.exercises}
    _change(lab, student, lambda old: replace(_gain(old, points, fresh(lab)), checked=time.time()))


def note_change(lab: str, student: str) -> None:
    """Note that a student has changed the work now."""
    _change(lab, student, lambda old: replace(old, changed=time.time()))


def note_points(lab: str, student: str, found: Points, sees_hosts: bool) -> None:
    """Note the points of the folder of a student, which was graded alone.

    Where the state of the hosts is not known, an exercise keeps the points that a check has found.
    """

    def change(old: BoardRecord) -> BoardRecord:
        own = found if sees_hosts else {id: _at_least(old, id, *each) for id, each in found.items()}
        return _gain(old, own, fresh(lab))

    _change(lab, student, change)


def _at_least(old: BoardRecord, exercise: str, points: float, worth: float) -> tuple[float, float]:
    return max(points, old.points.get(exercise, (0.0, 0.0, 0.0))[0]), worth


def _gain(old: BoardRecord, found: Points, fresh: Mapping[str, float]) -> BoardRecord:
    """Return the notes with other points; those of a fresh seat are no gain."""
    now, points, has_gained = time.time(), {}, False
    for id, (own, worth) in found.items():
        most = old.points.get(id, (0.0, 0.0, 0.0))[2]
        has_gained = has_gained or own > max(most, fresh.get(id, 0.0))
        points[id] = (own, worth, max(most, own))
    return replace(old, points=points, gained=now if has_gained else old.gained)


def note_fresh(lab: Lab, found: Points) -> None:
    """Note the points that a fresh seat of the lab earns, as it is now."""
    content = {"lab": _digest(lab), "points": {id: points for id, (points, _) in found.items()}}
    state.write(state.folder(_fresh_file(lab.name).parent) / f"{lab.name}.json", json.dumps(content))


def has_fresh(lab: Lab) -> bool:
    """Tell whether the points of a fresh seat are known for the lab as it is now."""
    return bool(state.read_object(_fresh_file(lab.name)).get("lab") == _digest(lab))


def fresh(lab: str) -> Mapping[str, float]:
    """Return the points of each exercise that a fresh seat earns, as far as they are known."""
    points = state.read_object(_fresh_file(lab)).get("points", {})
    return {str(id): float(own) for id, own in points.items()}


def _fresh_file(lab: str) -> Path:
    return state.root() / "workbench" / "fresh" / f"{state.seat_folder(lab, 'any').parent.name}.json"


def _digest(lab: Lab) -> str:
    return hashlib.sha256(json.dumps(lab.data, sort_keys=True, default=str).encode()).hexdigest()


def rows(lab: Lab, students: Sequence[Student], words: Translator) -> list[dict[str, Any]]:
    """Return a row of plain data for each student, the one without progress for the longest time first."""
    here = {each["student"]: each for each in seats.status(lab.name)}
    known = seat.look_up_all(lab, [own.id for own in students])
    table = _Table(lab, here, submission_store.last(lab.name), fresh(lab.name), words)
    shown = [table.row(own, known[own.id]) for own in students]
    return sorted(shown, key=lambda row: (bool(row["handed"]), row["is_done"], -row["stuck"], row["student"]))


@dataclass(frozen=True)
class _Table:
    """The common part of the rows of a class: seats and submissions by student, points of a fresh seat."""

    lab: Lab
    seats: Mapping[str, Mapping[str, Any]]
    handed: Mapping[str, float]
    fresh: Mapping[str, float]
    words: Translator

    def row(self, own: Student, known: Seat) -> dict[str, Any]:
        """Return the row of a student. Its points are those above a fresh seat's."""
        lab, words, record, now = self.lab, self.words, read(self.lab.name, own.id), time.time()
        here = self.seats.get(own.id, {})
        help, begun, handed = (
            help_note.read(lab.name, own.id),
            diary.read_begin(known),
            self.handed.get(own.id, 0.0),
        )
        since, changed = max(record.gained, begun), max(record.changed, record.checked, begun)
        points, worth = self._count_points(record)
        exercises = [
            {"part": each.part, "title": words.prose(each.title), "state": _state(record, each.id)}
            for each in lab.exercises
        ]
        return {
            "student": own.id,
            "name": own.name,
            "hosts": {host: words.gettext(said) for host, said in here.get("hosts", {}).items()},
            "warnings": [words.say(sentence) for sentence in here.get("warnings", ())],
            "exercises": exercises,
            "is_done": all(each["state"] == NOW for each in exercises),
            "points": points,
            "worth": worth,
            "checked": record.checked,
            "stuck": int((now - since) // 60) if since else 0,
            "changed": int((now - changed) // 60) if changed else -1,
            "hints": len(diary.hints(known)),
            "hand": int((now - help.hand) // 60) if help.hand else -1,
            "right": help.right,
            "letters": len(help.letters),
            "clock": clock(lab, own.id, words),
            "handed": handed,
            "handed_at": time.strftime("%H:%M", time.localtime(handed)),
        }

    def _count_points(self, record: BoardRecord) -> tuple[float, float]:
        """Return the points above those of a fresh seat, and their worth."""
        own = [(points, worth, self.fresh.get(id, 0.0)) for id, (points, worth, _) in record.points.items()]
        points = sum(max(0.0, points - start) for points, _, start in own)
        return points, sum(max(0.0, worth - start) for _, worth, start in own)


def _state(record: BoardRecord, exercise: str) -> str:
    now, worth, most = record.points.get(exercise, (0.0, 0.0, 0.0))
    if not worth or most < worth:
        return NEVER
    return NOW if now >= worth else ONCE


def _change(lab: str, student: str, change: Callable[[BoardRecord], BoardRecord]) -> None:
    student_note.change(KIND, lab, student, lambda: vars(change(read(lab, student))))
