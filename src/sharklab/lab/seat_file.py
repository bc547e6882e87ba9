"""Seats made by the instructor for students' own machines: one file each, with that seat's values alone.

A file holds the values that are derived for one student and the key by which that student signs. It does
not hold the course secret, values of another seat, or answers to the questions of this one. Only the faults
of the seat are in it, because they are injected there: a student who is root there could find them anyway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharklab import state, untrusted
from sharklab.errors import InputError, MachineryError
from sharklab.lab import exam, fault_catalogue, load, seat
from sharklab.lab.exam import Window, Windows
from sharklab.lab.model import Lab, Seat
from sharklab.message import N_

ENDING = ".seat"
SCHEMA = 1
LARGEST = 256 << 10
"""Bytes; a lab of a hundred hosts fits in."""

_FORMS = {
    "token": re.compile(r"[a-z2-7]{10}"),
    "password": re.compile(r"[a-z2-7]{24}"),
    "id": seat.ID,
}
_AGAIN = re.compile(r"(?:[0-9a-f]{64})?")
LATEST = 1e11
"""Epoch seconds, of the year 5138."""
_MAC = re.compile(r"02(:[0-9a-f]{2}){5}")


@dataclass(frozen=True)
class SeatFile:
    """A student's seat, and the key that signs the student's submissions.

    Of an exam it has the time of the student, and the SHA-256 of the code to hand in once more.
    """

    seat: Seat
    key: bytes
    window: Window | None = None
    again: str = ""


def create(lab: Lab, student: str, folder: Path) -> Path:
    """Write the seat of `student` to a file in `folder` for the owner alone (0600), and return it."""
    return create_all(lab, [student], folder)[student]


def create_all(
    lab: Lab, students: Iterable[str], folder: Path, times: Windows | None = None
) -> dict[str, Path]:
    """Write the seat of each of `students` as `create` does, and return the files by student.

    `times` are those of the class in an exam. This computer notes them, too: it may be the class server.
    """
    state.folder(folder)
    class_seats = seat.register_all(lab, students)
    exam.note_windows(class_seats, times)
    return {own.student: _write(_seat_file(lab, own, times), folder) for own in class_seats}


def _seat_file(lab: Lab, own: Seat, times: Windows | None) -> SeatFile:
    key = seat.key(own.lab, own.student)
    if lab.exam is None:
        return SeatFile(own, key)
    again = exam.digest(exam.code(own.lab, own.student))
    return SeatFile(own, key, times.of(own.student) if times else None, again)


def _write(given: SeatFile, folder: Path) -> Path:
    own, content = given.seat, {"schema": SCHEMA, **_to_plain(given)}
    file = folder / f"{own.student}{ENDING}"
    state.write(file, json.dumps(content, indent=1) + "\n", 0o600)
    return file


def _to_plain(given: SeatFile) -> dict[str, Any]:
    """Return the content of a seat file, which is also what an imported seat keeps."""
    window = {"exam": {"begin": given.window.begin, "end": given.window.end}} if given.window else {}
    again = {"again": given.again} if given.again else {}
    return {"seat": seat.to_plain(given.seat), "key": given.key.hex(), **window, **again}


def install(file: Path) -> Seat:
    """Make the seat in `file` the one that `sharklab.lab.seat.register` gives here, and return it.

    Raises InputError when the file is none of a seat, or its lab is not the one that is here, and
    MachineryError when another seat of that name is up.
    """
    given = read(file)
    own = given.seat
    target = seat.find_imported_file(own.lab, own.student)
    if own.folder.exists() and seat.at(own.folder) != own:
        raise MachineryError(
            N_("another seat {lab}/{student} is up"),
            place=str(file),
            hint="sharklab down {lab} --student {student}",
            lab=own.lab,
            student=own.student,
        )
    content = json.dumps(_to_plain(given), indent=1)
    state.write(state.folder(target.parent) / target.name, content + "\n", 0o600, durable=True)
    return own


def read(file: Path) -> SeatFile:
    """Read a seat file that `create` wrote. Raises InputError for any other file, or an old lab's."""
    try:
        content = untrusted.plain(untrusted.read(file, LARGEST))
        if content["schema"] != SCHEMA:
            raise ValueError(content["schema"])
        own, key = seat.from_plain(content["seat"]), bytes.fromhex(content["key"])
        _check(own, key)
        window, again = _window(content.get("exam")), content.get("again", "")
        if not _AGAIN.fullmatch(again):
            raise ValueError("again")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            N_("the file is not a seat file, or it is damaged"),
            place=str(file),
            hint=N_("ask your instructor for a new file; `sharklab seats create` makes it"),
        ) from error
    lab = load.read_named(own.lab)
    if _networks_of_seat(own) != _networks_of_lab(lab):
        raise InputError(
            N_("the seat is for another version of {lab}"),
            place=str(file),
            hint=N_("use the version of sharklab that the instructor has"),
            lab=own.lab,
        )
    return SeatFile(own, key, window, again)


def _window(content: Any) -> Window | None:
    """Return the time of the exam in a seat file. Raises ValueError, KeyError or TypeError for no time."""
    if content is None:
        return None
    begin, end = float(content["begin"]), float(content["end"])
    if not 0 < begin < end < LATEST:
        raise ValueError("exam")
    return Window(begin, end)


def _check(own: Seat, key: bytes) -> None:
    """Raise ValueError unless every value is one that could have been derived: they get into commands."""
    seat.check_student(own.student)
    for name, form in _FORMS.items():
        if not form.fullmatch(getattr(own, name)):
            raise ValueError(name)
    if (own.domain, own.share) != seat.names(own.lab, own.token) or len(key) != 32:
        raise ValueError("names or key")
    if not {fault for chosen in own.faults.values() for fault in chosen} <= {*fault_catalogue.names()}:
        raise ValueError("faults")
    macs = [at.mac for by_network in own.addresses.values() for at in by_network.values()]
    if not all(_MAC.fullmatch(mac) for mac in macs):
        raise ValueError("mac")


def _networks_of_seat(own: Seat) -> Mapping[str, Any]:
    return {host: set(by_network) for host, by_network in own.addresses.items()}


def _networks_of_lab(lab: Lab) -> Mapping[str, Any]:
    return {host.name: set(host.networks) for host in lab.hosts}
