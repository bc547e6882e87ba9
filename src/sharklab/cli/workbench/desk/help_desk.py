"""Answer about help: raised hands, the right to see terminals, and messages. The note is `lab.help_note`.

`sharklab seats help` and `sharklab seats terminals` call the same functions as the pages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sharklab.cli.workbench.desk.change_counter import ChangeCounter
from sharklab.errors import InputError
from sharklab.hosts.door.server import Handler, Reply, text
from sharklab.lab import help_note
from sharklab.message import N_

EndVisits = Callable[[str, str], None]
"""Ends the visits at the terminals of a seat, by lab and student."""


def note_hand(lab: str, student: str, is_up: bool, end_visits: EndVisits) -> None:
    """Note that a student asks for help, or that the help is over: then every visit ends."""
    help_note.raise_hand(lab, student, is_up)
    if not is_up:
        end_visits(lab, student)


def note_right(lab: str, student: str, right: str, end_visits: EndVisits) -> None:
    """Note the right that a student gives. Everybody who looks comes again with the new right.

    Raises InputError for another word than those of `help_note.RIGHTS`.
    """
    help_note.agree(lab, student, right)
    end_visits(lab, student)


@dataclass(frozen=True)
class HelpDesk:
    """Answers about the class of `students` on a lab, by name; each change goes to `changes`."""

    lab: str
    students: tuple[str, ...]
    changes: ChangeCounter
    end_visits: EndVisits = lambda lab, student: None

    def handlers(self) -> Mapping[str, Handler]:
        """Return the function for each request, as the door takes them."""
        return {"help": self._help, "agree": self._agree, "tell": self._tell, "read": self._read}

    def content(self, student: str) -> dict[str, Any]:
        """Return the note about a student as plain data for a page."""
        found = help_note.read(self.lab, self.find_student(student))
        letters = [
            {
                "number": each.number,
                "at": time.strftime("%H:%M", time.localtime(each.sent)),
                "text": each.text,
            }
            for each in found.letters
        ]
        return {"hand": found.hand > 0, "right": found.right, "letters": letters}

    def find_student(self, student: str) -> str:
        """Return the id of a student of the class. Raises InputError for another one."""
        if student in self.students:
            return student
        raise InputError(N_("the class has no student {student!r}"), student=student)

    def _help(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Note that a student asks for help, or that the help is over."""
        is_up = text(request, "up") == "yes"
        note_hand(self.lab, self.find_student(student), is_up, self.end_visits)
        self.changes.note(student)
        return Reply({"up": is_up})

    def _agree(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Note the right that a student gives."""
        note_right(self.lab, self.find_student(student), text(request, "right"), self.end_visits)
        self.changes.note(student)
        return Reply()

    def _tell(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Send a message to the student `to`, to everybody if that is empty."""
        to, said = text(request, "to"), help_note.check(text(request, "text"))
        wanted = [self.find_student(to)] if to else list(self.students)
        for each in wanted:
            help_note.tell(self.lab, each, said)
        self.changes.note(*wanted)
        return Reply({"count": len(wanted)})

    def _read(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Note that a student has read a message."""
        number = text(request, "number")
        help_note.mark_read(self.lab, self.find_student(student), int(number) if number.isdecimal() else 0)
        self.changes.note(student)
        return Reply()
