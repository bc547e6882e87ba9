"""Answer what the pages of a class ask: its table, raised hands, links and submissions."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sharklab import i18n, ownership
from sharklab.cli import handing_in
from sharklab.cli.workbench import board, class_links
from sharklab.cli.workbench.desk import Desk
from sharklab.errors import InputError
from sharklab.hosts.door.server import Answer, Handler, text
from sharklab.lab.model import Lab
from sharklab.lab.roster import Student
from sharklab.message import N_

FRESH = 2.0
"""Seconds for which a table counts: many may look at it, and it is made once."""


@dataclass
class ClassDesk:
    """Answers requests about a class of `students` that works on `lab`; `desk` packs their work."""

    lab: Lab
    students: tuple[Student, ...]
    desk: Desk
    _made: dict[str, tuple[float, list[dict[str, Any]]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def handlers(self) -> Mapping[str, Handler]:
        """Return the function for each request, as the door takes them."""
        return {
            "class": self._class,
            "page": self._page,
            "help": self._help,
            "link used": self._used,
            "new link": self._renew,
            "hand in": self._hand_in,
        }

    def _class(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Answer with the rows of the table."""
        lang = text(request, "lang")
        words = i18n.translator(lang if lang in i18n.languages() else i18n.SOURCE)
        with self._lock:
            made, rows = self._made.get(lang, (0.0, []))
            if time.monotonic() - made > FRESH or not made:
                rows = board.rows(self.lab, self.students, words)
                self._made[lang] = (time.monotonic(), rows)
        return Answer({"lab": self.lab.name, "title": words.prose(self.lab.title), "rows": rows})

    def _page(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Answer with the parts of a student's page, and whether the student asks for help."""
        hand = board.read(self.lab.name, self._known(student)).hand > 0
        return Answer({**self.desk.page(student, request, handles).content, "folder": "", "hand": hand})

    def _help(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Note that a student asks for help, or does so no more."""
        is_up = text(request, "up") == "yes"
        board.raise_hand(self.lab.name, self._known(student), is_up)
        self._made.clear()
        return Answer({"up": is_up})

    def _used(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        class_links.note_used(self.lab.name, self._known(student))
        return Answer()

    def _renew(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Answer with the token of another link for a student."""
        return Answer({"token": class_links.renew(self.lab.name, self._known(student))})

    def _hand_in(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Pack the work and keep it among the submissions of the class; answer with the receipt."""
        packed = self.desk.pack(student, request)
        with packed.file.open("rb") as file:
            receipt = handing_in.take(self._known(student), self.lab.name, file.fileno())
        ownership.give_like_folder(packed.file)
        self._made.clear()
        lines = packed.receipt["lines"][:-1]  # the last one names the file of the server
        return Answer({**packed.receipt, "lines": lines, "kept": " ".join(map(packed.words.say, receipt))})

    def _known(self, student: str) -> str:
        if student in {own.id for own in self.students}:
            return student
        raise InputError(N_("the class has no student {student!r}"), student=student)
