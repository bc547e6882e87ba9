"""Answer what the pages of a class ask: its table, links and submissions, and what its parts answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sharklab import ownership
from sharklab.cli import handing_in
from sharklab.cli.own_work import Look
from sharklab.cli.workbench.client import NOBODY
from sharklab.cli.workbench.desk import board, class_links
from sharklab.cli.workbench.desk.change_counter import ChangeCounter
from sharklab.cli.workbench.desk.grade_desk import GradeDesk
from sharklab.cli.workbench.desk.grader import FRESH as FRESH_SEAT
from sharklab.cli.workbench.desk.grader import Grader, Points
from sharklab.cli.workbench.desk.help_desk import EndVisits, HelpDesk
from sharklab.cli.workbench.desk.jobs import Jobs
from sharklab.cli.workbench.desk.seat_desk import SeatDesk
from sharklab.cli.workbench.desk.student_desk import Desk, Folder, words_of
from sharklab.cli.workbench.identity import to_plain
from sharklab.errors import InputError
from sharklab.hosts.door.server import Handler, Reply, text
from sharklab.lab import class_news, exam
from sharklab.lab.model import Lab
from sharklab.lab.roster import Student
from sharklab.message import N_

FRESH = 2.0
"""Seconds for which a table counts: many may look at it, and it is made once."""

WAIT = 20.0
"""Seconds after which a request for the next change ends without one."""


@dataclass(frozen=True)
class ClassDesk:
    """Answers requests about a class of `students` that works on `lab`; `desk` answers about their work."""

    lab: Lab
    students: tuple[Student, ...]
    desk: Desk
    help_desk: HelpDesk
    seat_desk: SeatDesk
    grade_desk: GradeDesk
    changes: ChangeCounter
    grader: Grader
    _made: dict[str, tuple[float, int, list[dict[str, Any]]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def handlers(self) -> Mapping[str, Handler]:
        """Return the function for each request, as the door takes them."""
        return {
            **{name: self._once_begun(own) for name, own in self.desk.handlers().items()},
            **self.help_desk.handlers(),
            **self.seat_desk.handlers(),
            **self.grade_desk.handlers(),
            "class": self._class,
            "changes": self._changes,
            "page": self._once_begun(self._page),
            "notes": self._notes,
            "links": self._links,
            "use link": self._use,
            "new link": self._renew,
            "hand in": self._once_begun(self._hand_in),
        }

    def _once_begun(self, handler: Handler) -> Handler:
        """Return a handler that raises InputError before the exam of the student begins."""

        def handle(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
            window = exam.own_window(self.lab.name, student) if self.lab.exam else None
            if window and time.time() < window.begin:
                raise InputError(N_("your exam begins on {time}"), time=exam.local_time(window.begin))
            return handler(student, request, handles)

        return handle

    def _class(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the rows of the table."""
        words = words_of(request)
        jobs, failed = self.seat_desk.open_jobs(words), self.seat_desk.list_failed_jobs(words)
        told = [
            {**row, "job": jobs.get(row["student"], ""), "failed": failed.get(row["student"], "")}
            for row in self._rows(words.language)
        ]
        is_exam = self.lab.exam is not None
        title = words.prose(self.lab.title)
        return Reply({"lab": self.lab.name, "title": title, "is_exam": is_exam, "rows": told})

    def _rows(self, language: str) -> list[dict[str, Any]]:
        now, _ = self.changes.wait(-1, 0)
        with self._lock:
            made, change, rows = self._made.get(language, (0.0, -1, []))
            if time.monotonic() - made > FRESH or change != now:
                if not board.has_fresh(self.lab):
                    self.grader.measure_fresh()
                rows = board.rows(self.lab, self.students, words_of({"lang": language}))
                self._made[language] = (time.monotonic(), now, rows)
        return rows

    def _changes(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the students about whom something has changed since the number `since`, when it has."""
        now, changed = self.changes.wait(int(text(request, "since")), WAIT)
        return Reply({"now": now, "students": changed})

    def _page(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the parts of a student's page."""
        notes = self._notes(student, request, handles).content
        own = self.desk.page(student, request, handles).content
        return Reply({**own, "folder": "", "notes": notes})

    def _notes(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the notes of a page: the clock of an exam, help and messages."""
        help = self.help_desk.content(student)
        own = self.desk.notes(student, request, handles).content
        return Reply({**own, **help, "feedback": self.grade_desk.has_feedback(student)})

    def _links(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the number of the present link of each student."""
        return Reply({"numbers": class_links.numbers(self.lab.name, self.help_desk.students)})

    def _use(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the reader of a personal link, which works once. Raises InputError for no link."""
        reader = class_links.use(self.lab.name, self.help_desk.students, text(request, "token"))
        if reader is None:
            raise InputError(N_("this link does not work, or not any more"))
        return Reply({"reader": to_plain(reader)})

    def _renew(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the token of another link for a student."""
        return Reply({"token": class_links.renew(self.lab.name, self.help_desk.find_student(student))})

    def _hand_in(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Pack the work and keep it among the submissions of the class; answer with the receipt."""
        packed = self.desk.pack(self.help_desk.find_student(student), request)
        with packed.file.open("rb") as file:
            receipt = handing_in.take(student, self.lab.name, file.fileno())
        ownership.give_like_folder(packed.file)
        self.changes.note(student)
        lines = packed.receipt["lines"][:-1]  # the last one names the file of the server
        return Reply({**packed.receipt, "lines": lines, "kept": " ".join(map(packed.words.say, receipt))})


def make(
    lab: Lab,
    students: Sequence[Student],
    folder: Folder,
    end_visits: EndVisits,
    provider: str | None = None,
) -> ClassDesk:
    """Return the desk of a class on `lab`; a student's work is in `folder(lab, student)`.

    New seats are those of `provider`; without one, of the provider of the class.
    """
    names = tuple(own.id for own in students)
    changes = ChangeCounter((NOBODY, *names), partial(class_news.last, lab.name))

    def note_points(student: str, points: Points, sees_hosts: bool) -> None:
        if student == FRESH_SEAT:
            board.note_fresh(lab, points)
        else:
            board.note_points(lab.name, student, points, sees_hosts)
        changes.note(student)

    grader = Grader(lab, note_points)

    def note_check(_: str, student: str, found: Look) -> None:
        grader.note_hosts(student, found.submission.state)
        board.note_check(lab.name, student, found.result)
        changes.note(student)

    def note_change(_: str, student: str) -> None:
        board.note_change(lab.name, student)
        grader.want(student, folder(lab.name, student))
        changes.note(student)

    help_desk = HelpDesk(lab.name, names, changes, end_visits)
    desk = Desk({lab.name: lab}, folder, note_check, note_change)
    jobs, own = Jobs(changes.note), tuple(students)
    seat_desk = SeatDesk(lab, help_desk, jobs, provider)
    grade_desk = GradeDesk(lab, own, help_desk, jobs)
    return ClassDesk(lab, own, desk, help_desk, seat_desk, grade_desk, changes, grader)
