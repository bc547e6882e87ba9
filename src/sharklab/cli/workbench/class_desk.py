"""Answer what the pages of a class ask: its table, raised hands, links and submissions."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sharklab import i18n, ownership
from sharklab.cli import flow, handing_in, seats, work
from sharklab.cli.workbench import board, class_links
from sharklab.cli.workbench.desk import Desk
from sharklab.cli.workbench.jobs import Jobs
from sharklab.errors import InputError
from sharklab.hosts import seat_provider
from sharklab.hosts.door.server import Answer, Handler, text
from sharklab.hosts.image import choice
from sharklab.i18n import Translator
from sharklab.lab import seat
from sharklab.lab.model import Lab, Plan
from sharklab.lab.roster import Student
from sharklab.message import N_
from sharklab.progress import Progress

FRESH = 2.0
"""Seconds for which a table counts: many may look at it, and it is made once."""


NOBODY = "-"
"""The student of a request about the whole class."""


def _words(request: Mapping[str, Any]) -> Translator:
    lang = text(request, "lang")
    return i18n.translator(lang if lang in i18n.languages() else i18n.SOURCE)


@dataclass
class ClassDesk:
    """Answers requests about a class of `students` that works on `lab`; `desk` packs their work."""

    lab: Lab
    students: tuple[Student, ...]
    desk: Desk
    jobs: Jobs = field(default_factory=Jobs)
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
            "seat": self._seat,
            "start": self._start,
            "stop": self._stop,
            "restart": self._reset,
        }

    def _seat(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Answer with the seat of a student: hosts, job, and the losses of a reset."""
        words, plan = _words(request), self._plan(student)
        found = seats.status(self.lab.name, student)
        job = self.jobs.known().get(student)
        hosts = work.hosts_to_reset(plan, "") if plan.start else ()
        return Answer(
            {
                "student": student,
                "hosts": {host: words.gettext(said) for host, said in found[0]["hosts"].items()}
                if found
                else {},
                "job": {**vars(job), "state": words.gettext(job.state), "open": job.is_open} if job else {},
                "losses": [words.say(each) for each in work.losses(plan, hosts, "")] if hosts else [],
            }
        )

    def _start(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Start the seat of a student, or of everybody without one that is up, when their turn comes."""
        words = _words(request)
        wanted = [self._known(student)] if student != NOBODY else self._missing()
        for each in wanted:
            plan = self._plan(each)
            provider = seat_provider.choose(self.lab.name, each, None)
            self.jobs.add(each, N_("start the seat"), partial(flow.up, plan, provider, choice.AUTO), words)
        return Answer({"count": len(wanted)})

    def _stop(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Remove the seat of a student from this computer."""
        lab, own = self.lab.name, self._known(student)

        def stop(progress: Progress) -> None:
            seats.down(lab, own, progress)

        self.jobs.add(own, N_("remove the seat"), stop, _words(request))
        return Answer()

    def _reset(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Put all hosts of a student back into their start state."""
        plan = work.read(self._plan(self._known(student)))

        def reset(progress: Progress) -> None:
            work.reset(plan, work.hosts_to_reset(plan, ""), progress)

        self.jobs.add(student, N_("reset the hosts"), reset, _words(request))
        return Answer()

    def _missing(self) -> list[str]:
        """Return the students without a seat that is up, and without a job."""
        up = {each["student"] for each in seats.status(self.lab.name)}
        busy = {student for student, job in self.jobs.known().items() if job.is_open}
        return [own.id for own in self.students if own.id not in up | busy]

    def _plan(self, student: str) -> Plan:
        return flow.to_begin(
            flow.plan_of(self.lab, seat.look_up(self.lab, self._known(student))), solved=False
        )

    def _class(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Answer:
        """Answer with the rows of the table."""
        words = _words(request)
        lang = words.language
        with self._lock:
            made, rows = self._made.get(lang, (0.0, []))
            if time.monotonic() - made > FRESH or not made:
                rows = board.rows(self.lab, self.students, words)
                self._made[lang] = (time.monotonic(), rows)
        jobs = {student: job.title for student, job in self.jobs.known().items() if job.is_open}
        told = [{**row, "job": jobs.get(row["student"], "")} for row in rows]
        return Answer({"lab": self.lab.name, "title": words.prose(self.lab.title), "rows": told})

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
        packed = self.desk.pack(self._known(student), request)
        with packed.file.open("rb") as file:
            receipt = handing_in.take(student, self.lab.name, file.fileno())
        ownership.give_like_folder(packed.file)
        self._made.clear()
        lines = packed.receipt["lines"][:-1]  # the last one names the file of the server
        return Answer({**packed.receipt, "lines": lines, "kept": " ".join(map(packed.words.say, receipt))})

    def _known(self, student: str) -> str:
        if student in {own.id for own in self.students}:
            return student
        raise InputError(N_("the class has no student {student!r}"), student=student)
