"""Facts that outlive the hosts of a seat: its first start, hints and solutions that were taken, its exam."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.lab.model import Seat


def begin(own: Seat) -> None:
    """Note that the seat begins now, if it has not begun before."""
    if not read_begin(own):
        _write(own, begun=round(time.time(), 3))


def read_begin(own: Seat) -> float:
    """Return when the seat first began (epoch seconds), 0.0 if it never did here."""
    return float(_read(own).get("begun", 0.0))


def take_hint(own: Seat, name: str) -> None:
    """Note that its student asked for the hint of a criterion, as exercise/criterion."""
    _write(own, hints=sorted({*hints(own), name}))


def hints(own: Seat) -> tuple[str, ...]:
    """Return the hints that were taken, sorted."""
    return tuple(_read(own).get("hints", ()))


def note_check(own: Seat) -> None:
    """Note that the student runs `check` now."""
    _write(own, checks=[*checks(own), round(time.time(), 3)])


def checks(own: Seat) -> tuple[float, ...]:
    """Return when `check` ran in an exam (epoch seconds), in order."""
    return tuple(_read(own).get("checks", ()))


def note_refused(own: Seat, what: str) -> None:
    """Note that the student asks now for `what`, which an exam refuses."""
    _write(own, refused=[*list_refusals(own), (round(time.time(), 3), what)])


def list_refusals(own: Seat) -> tuple[tuple[float, str], ...]:
    """Return when the student asked for something that an exam refuses (epoch seconds), and for what."""
    return tuple((moment, what) for moment, what in _read(own).get("refused", ()))


def note_submission(own: Seat, digest: str) -> None:
    """Note that the student hands in a file with this SHA-256 now, in an exam."""
    _write(own, submissions=[*submissions(own), (round(time.time(), 3), digest)])


def submissions(own: Seat) -> tuple[tuple[float, str], ...]:
    """Return when the student handed in (epoch seconds), and the SHA-256 of each file, in order."""
    return tuple((moment, digest) for moment, digest in _read(own).get("submissions", ()))


def solve(own: Seat, ids: Iterable[str]) -> None:
    """Note that its student asked for the solution of the exercises of those ids."""
    _write(own, solved=sorted({*list_solved(own), *ids}))


def list_solved(own: Seat) -> tuple[str, ...]:
    """Return the ids of the exercises whose solution was asked for, sorted."""
    return tuple(_read(own).get("solved", ()))


def note_exam(own: Seat, begin: float, end: float) -> None:
    """Note the time of the student's exam (epoch seconds) on a class server, which has no seat file."""
    _write(own, exam=[begin, end])


def note_more(own: Seat, begin: float, minutes: int) -> None:
    """Note the minutes that the instructor gives a student more in the exam that begins at `begin`."""
    _write(own, more=[begin, minutes])


def more(lab: str, student: str, begin: float) -> int:
    """Return the minutes that a student was given more in the exam that begins at `begin` (epoch seconds)."""
    found = state.read_object(_file(lab, student)).get("more", (0.0, 0))
    return int(found[1]) if found[0] == begin else 0


def exam(lab: str, student: str) -> tuple[float, float] | None:
    """Return the time of a student's exam that was noted here (epoch seconds)."""
    found = state.read_object(_file(lab, student)).get("exam")
    return (float(found[0]), float(found[1])) if found else None


def _file(lab: str, student: str) -> Path:
    folder = state.seat_folder(lab, student)
    return state.root() / "diary" / folder.parent.name / f"{folder.name}.json"


def _read(own: Seat) -> dict[str, Any]:
    return state.read_object(_file(own.lab, own.student))


def _write(own: Seat, **changes: Any) -> None:
    file = _file(own.lab, own.student)
    state.write(
        state.folder(file.parent) / file.name,
        json.dumps({**_read(own), **changes}) + "\n",
        0o600,
        durable=True,
    )
