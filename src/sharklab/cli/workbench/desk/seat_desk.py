"""Answer what the pages of a class ask about its seats: start, remove and reset them, one or many."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sharklab.cli import class_work, classroom, flow, seats, solution
from sharklab.cli.parallel_work import Watch
from sharklab.cli.workbench.client import NOBODY
from sharklab.cli.workbench.desk.help_desk import HelpDesk
from sharklab.cli.workbench.desk.jobs import GroupWork, Jobs
from sharklab.cli.workbench.desk.student_desk import words_of
from sharklab.errors import InputError
from sharklab.hosts import seat_provider
from sharklab.hosts.door.server import Handler, Reply, text
from sharklab.hosts.image import choice
from sharklab.i18n import Translator
from sharklab.lab import exam, seat
from sharklab.lab.model import Lab, Plan, Seat
from sharklab.message import N_
from sharklab.progress import Progress

TITLES = {"start": N_("start the seat"), "stop": N_("remove the seat"), "restart": N_("reset the hosts")}
"""The title of the job of each request."""


@dataclass(frozen=True)
class SeatDesk:
    """Answers about the seats of a class that works on `lab`; `help_desk` knows its students."""

    lab: Lab
    help_desk: HelpDesk
    jobs: Jobs
    provider: str | None = None
    """The provider of new seats; without one it is that of the class (`seat_provider.of_class`)."""

    def handlers(self) -> Mapping[str, Handler]:
        """Return the function for each request, as the door takes them."""
        return {
            "seat": self._seat,
            "start": partial(self._begin, "start"),
            "stop": partial(self._begin, "stop"),
            "restart": partial(self._begin, "restart"),
            "minutes": self._give_minutes,
        }

    def open_jobs(self, words: Translator) -> dict[str, str]:
        """Return the job on each seat that has one now, in words, by student."""
        known = self.jobs.list_last_jobs().items()
        return {student: job.say(words) for student, job in known if job.is_open}

    def list_failed_jobs(self, words: Translator) -> dict[str, str]:
        """Return the reason of each last job that failed, in words, by student."""
        known = self.jobs.list_last_jobs().items()
        return {student: job.say(words) for student, job in known if job.has_failed}

    def _seat(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the seat of a student: hosts, job, and the losses of a reset."""
        words, plan = words_of(request), self._plan(student)
        found = seats.status(self.lab.name, student)
        here = found[0] if found else {"hosts": {}, "warnings": []}
        job = self.jobs.list_last_jobs().get(student)
        hosts = solution.hosts_to_reset(plan, "") if plan.start else ()
        return Reply(
            {
                "student": student,
                "hosts": {host: words.gettext(said) for host, said in here["hosts"].items()},
                "warnings": [words.say(sentence) for sentence in here["warnings"]],
                "job": {"said": job.say(words), "open": job.is_open} if job else {},
                "losses": [words.say(each) for each in solution.losses(plan, hosts, "")] if hosts else [],
            }
        )

    def _begin(self, want: str, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Begin a job on the seat of a student, as the command of one seat does it. Answer with the number 1.

        For nobody in particular it is a job of the class.
        """
        if student == NOBODY:
            return self._begin_many(want, request)
        make = {"start": self._start, "stop": self._stop, "restart": self._reset}[want]
        self.jobs.add(self.help_desk.find_student(student), TITLES[want], make(student))
        return Reply({"count": 1})

    def _begin_many(self, want: str, request: Mapping[str, Any]) -> Reply:
        """Begin a job on the seats that `students` names, as the command of a class does it.

        Without names, `start` takes all students who have no seat that is up. Answer with the number of seats
        that have this job: one with another job is left out. Raises InputError without a student.
        """
        works: Mapping[str, GroupWork] = {"start": self._up, "stop": self._down, "restart": self._put_back}
        begun = self.jobs.add_group(self._choose_students(want, request), TITLES[want], works[want])
        return Reply({"count": len(begun)})

    def _up(self, names: Sequence[str], progress: Progress, watch: Watch) -> None:
        provider = seat_provider.of_class(self.lab.name, names, self.provider)
        classroom.up(self.lab, names, False, choice.AUTO, progress, provider, watch)

    def _down(self, names: Sequence[str], progress: Progress, watch: Watch) -> None:
        classroom.down(self._seats(names), progress, watch)

    def _put_back(self, names: Sequence[str], progress: Progress, watch: Watch) -> None:
        class_work.reset(self.lab, self._seats(names), "", progress, watch)

    def _seats(self, names: Sequence[str]) -> list[Seat]:
        """Return the seats of these students that are on this computer."""
        return [own for own in seats.seats_here(self.lab.name) if own.student in names]

    def _give_minutes(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Give the chosen students `more` minutes in the exam."""
        given = text(request, "more")
        if not re.fullmatch(r"-?\d{1,4}", given):
            raise InputError(N_("{text!r} is not a number of minutes"), text=given)
        wanted = self._choose_students("minutes", request)
        for each in wanted:
            exam.give_minutes(self.lab, each, int(given))
        self.help_desk.changes.note(*wanted)
        return Reply({"count": len(wanted)})

    def _choose_students(self, want: str, request: Mapping[str, Any]) -> list[str]:
        named = [each for each in text(request, "students").split(",") if each]
        if not named and want != "start":
            raise InputError(N_("no student is chosen"), hint=N_("choose students in the first column"))
        return (
            [self.help_desk.find_student(each) for each in named]
            if named
            else self._list_students_without_seat()
        )

    def _list_students_without_seat(self) -> list[str]:
        """Return the students without a seat that is up, and without a job."""
        up = {each["student"] for each in seats.status(self.lab.name)}
        busy = {student for student, job in self.jobs.list_last_jobs().items() if job.is_open}
        return [each for each in self.help_desk.students if each not in up | busy]

    def _start(self, student: str) -> Callable[[Progress], None]:
        """Return the work that brings a seat up in its start state."""
        provider = seat_provider.of_class(self.lab.name, [student], self.provider)
        return partial(flow.up, self._plan(student), provider, choice.AUTO)

    def _stop(self, student: str) -> Callable[[Progress], None]:
        """Return the work that removes a seat from this computer."""

        def stop(progress: Progress) -> None:
            seats.down(self.lab.name, student, progress)

        return stop

    def _reset(self, student: str) -> Callable[[Progress], None]:
        """Return the work that puts all hosts of a seat back into their start state."""
        plan = solution.read(self._plan(student))

        def reset(progress: Progress) -> None:
            solution.reset(plan, solution.hosts_to_reset(plan, ""), progress)

        return reset

    def _plan(self, student: str) -> Plan:
        own = seat.look_up(self.lab, self.help_desk.find_student(student))
        return flow.to_begin(flow.plan_of(self.lab, own), solved=False)
