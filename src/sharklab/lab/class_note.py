"""The instructor's note about a seat of a class: until when it is open, and when it was checked last.

It lies in the seat's folder, and goes with the seat.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.lab.model import Seat
from sharklab.message import N_, NOTHING, Message


@dataclass(frozen=True)
class ClassNote:
    """Until when a seat is open, and when `seats check` graded it last (epoch seconds, 0.0 for never).

    A seat without a limit is open until 0.0.
    """

    until: float = 0.0
    checked: float = 0.0

    @property
    def is_over(self) -> bool:
        """True when the time of the seat is over."""
        return 0.0 < self.until <= time.time()


def read(own: Seat) -> ClassNote:
    """Return the note about a seat. Raises MachineryError when its file is damaged."""
    file = _file(own)
    try:
        return ClassNote(**{name: float(value) for name, value in json.loads(file.read_text()).items()})
    except FileNotFoundError:
        return ClassNote()
    except (ValueError, TypeError, AttributeError) as error:
        raise MachineryError(
            N_("the file is damaged: {fault}"),
            place=str(file),
            hint=N_("sharklab seats up puts it aside"),
            fault=error,
        ) from error


def mend(own: Seat) -> Message:
    """Put a damaged note aside, so that a new one begins; return the sentence about it, or an empty one."""
    try:
        read(own)
    except MachineryError:
        aside = _file(own).with_name(f"class.json.damaged-{time.time_ns()}")
        _file(own).replace(aside)
        sentence = N_(
            "The note about the time of {student}'s seat was damaged. It is now {file}. To give the time "
            "again: sharklab seats up {lab} --until TIME"
        )
        return Message(sentence, {"student": own.student, "file": aside, "lab": own.lab})
    return NOTHING


def note(own: Seat, *, until: float | None = None, checked: float | None = None) -> None:
    """Note a time; None leaves it as it was. A seat that is not up has no note."""
    given = {"until": until, "checked": checked}
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes or not own.folder.is_dir():
        return
    state.write(_file(own), json.dumps(asdict(replace(read(own), **changes))), durable=True)


def _file(own: Seat) -> Path:
    return own.folder / "class.json"
