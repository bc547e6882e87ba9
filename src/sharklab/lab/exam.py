"""The exam of a class: its time, the longer time of some students, and the code to hand in once more.

The time is the class's and not the lab's: `seats create` and `grade` take it. A student's own end follows
from the roster and from the minutes that `seats minutes` gave, and is derived again when the class is graded.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sharklab.errors import InputError
from sharklab.lab import diary, seat
from sharklab.lab.model import LabContent, Seat
from sharklab.lab.roster import Student
from sharklab.message import N_, NN_

MINUTE = 60.0
LETTERS = 12
"""The length of the code: 60 bits, too many to try them all against its SHA-256."""
MOST_MINUTES = 24 * 60
"""Minutes that a student may get in addition."""

GROUP = 4
"""Letters of the code that are written together."""


@dataclass(frozen=True)
class Window:
    """The time of one student's exam, in epoch seconds; a submission counts from `begin` to `end`."""

    begin: float
    end: float


@dataclass(frozen=True)
class Windows:
    """The times of a class: the `common` one, and those of students with more time by their ids."""

    common: Window
    own: Mapping[str, Window] = field(default_factory=dict)

    def of(self, *students: str) -> Window:
        """Return the time of a student, or of a group: that of its member with the most time."""
        return max((self.own.get(student, self.common) for student in students), key=lambda each: each.end)


def windows(lab: LabContent, students: Iterable[Student], begin: float, end: float = 0.0) -> Windows | None:
    """Return the times of a class whose exam begins at `begin` and ends at `end`, None without a beginning.

    Without an end the exam ends after the minutes of the lab. The minutes that `give_minutes` noted on this
    computer come on top. Raises InputError when the lab is no exam, when
    the end is not after the beginning, or when a student has fewer minutes than the lab.
    """
    if not begin:
        return None
    if lab.exam is None:
        raise InputError(
            N_("the lab {lab} is not an exam"),
            place="--begin",
            hint=N_("write in lab.yml: exam: {{minutes: 90}}"),
            lab=lab.name,
        )
    common = Window(begin, end or begin + lab.exam.minutes * MINUTE)
    if common.end <= begin:
        raise InputError(N_("the exam ends before it begins"), place="--end")
    students = tuple(students)
    own = {student.id: student.minutes for student in students if student.minutes}
    if short := sorted(name for name, minutes in own.items() if minutes < lab.exam.minutes):
        raise InputError(
            N_("these students have fewer minutes than the exam ({minutes}): {students}"),
            place="--roster",
            hint=N_("write the whole time of these students, not the additional time"),
            minutes=lab.exam.minutes,
            students=", ".join(short),
        )
    more = {student.id: diary.more(lab.name, student.id, begin) for student in students}
    ends = {
        name: max(common.end, begin + own.get(name, 0) * MINUTE) + more.get(name, 0) * MINUTE
        for name in {*own, *(name for name, minutes in more.items() if minutes)}
    }
    return Windows(common, {name: Window(begin, end) for name, end in ends.items()})


def own_window(lab: str, student: str) -> Window | None:
    """Return the time of the exam by the seat file that was imported, else by the instructor's note."""
    if given := seat.read_import(lab, student).get("exam"):
        return Window(given["begin"], given["end"])
    noted = diary.exam(lab, student)
    return Window(*noted) if noted else None


def read_times(lab: LabContent, students: Iterable[str]) -> tuple[float, float]:
    """Return when the exam of a class begins and ends by the notes on this computer, as `windows` takes it.

    The latest beginning counts, and with it the earliest end, without minutes that were given in addition.
    Without a note both are 0.
    """
    if lab.exam is None:
        return 0.0, 0.0
    begun = [(own, window) for own in students if (window := diary.exam(lab.name, own))]
    begin = max((window[0] for _, window in begun), default=0.0)
    ends = [end - diary.more(lab.name, own, start) * MINUTE for own, (start, end) in begun if start == begin]
    return begin, min(ends, default=0.0)


def note_windows(own: Iterable[Seat], times: Windows | None) -> None:
    """Note the time of the exam for each seat of a class on this computer. None leaves earlier notes."""
    if times is None:
        return
    for one in own:
        window = times.of(one.student)
        diary.note_exam(one, window.begin, window.end)


def give_minutes(lab: LabContent, student: str, minutes: int) -> Window:
    """Give a student more minutes in the exam that is noted on this computer, and return the new time.

    A negative number takes minutes back that were given so. Raises InputError when the lab is no exam, when
    its time is not noted here, or when more minutes are taken back than were given.
    """
    if lab.exam is None:
        raise InputError(N_("the lab {lab} is not an exam"), place="sharklab seats minutes", lab=lab.name)
    noted = diary.exam(lab.name, seat.check_student(student))
    if noted is None or seat.read_import(lab.name, student):
        raise InputError(
            N_("the time of {student} is not noted on this computer"),
            place=lab.name,
            hint=N_("note it: sharklab seats up {lab} --roster FILE --begin TIME"),
            student=student,
            lab=lab.name,
        )
    window, given = Window(*noted), diary.more(lab.name, student, noted[0])
    if not 0 <= given + minutes <= MOST_MINUTES:
        raise InputError(
            NN_(
                "{student} has {count} additional minute: it can be 0 to {most}",
                "{student} has {count} additional minutes: they can be 0 to {most}",
            ),
            place=lab.name,
            student=student,
            count=given,
            most=MOST_MINUTES,
        )
    own = seat.look_up(lab, student)
    diary.note_more(own, window.begin, given + minutes)
    later = Window(window.begin, window.end + minutes * MINUTE)
    diary.note_exam(own, later.begin, later.end)
    return later


def local_time(moment: float) -> str:
    """Return epoch seconds as a date and time in the zone of this computer, with its offset."""
    at = datetime.fromtimestamp(moment).astimezone()
    return f"{at:%Y-%m-%d %H:%M:%S} (UTC{at.isoformat()[-6:]})"


def code(lab: str, student: str) -> str:
    """Return the code with which a student may hand in once more; it takes the course secret."""
    word = seat.Draw(seat.secret(), lab, student).word("hand in again", LETTERS)
    return "-".join(word[start : start + GROUP] for start in range(0, LETTERS, GROUP))


def is_code(lab: str, student: str, text: str) -> bool:
    """Tell whether `text` is the code of a student; an imported seat knows only the SHA-256 of it."""
    given: Mapping[str, Any] = seat.read_import(lab, student)
    right = given.get("again", "") if given else digest(code(lab, student))
    return hmac.compare_digest(digest(text), right)


def digest(text: str) -> str:
    """Return the SHA-256 of a code, whatever its case, blanks and hyphens, in hexadecimal."""
    plain = "".join(filter(str.isalnum, text.casefold()))
    return hashlib.sha256(plain.encode()).hexdigest()
