"""Grade the folders of a class after each change: one at a time, in one process that gives way to all others.

No host of a student at work is looked at. The state of the hosts is that of the student's last check, where
one was made here. The points that a fresh seat earns are measured once for each lab, on a seat of the class
that nobody has worked on.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sharklab.checks import host_demands
from sharklab.cli import flow, seats, solution
from sharklab.evidence import host_state
from sharklab.grading.gradebook.pool import Failure, Helper
from sharklab.grading.marking.marks import grade
from sharklab.grading.submission import work as folders
from sharklab.grading.submission.model import PlainHostState, Submission
from sharklab.hosts import student_files
from sharklab.hosts.providers import sleeping
from sharklab.lab import load, seat
from sharklab.lab.model import Lab

IDLE = 60.0
"""Seconds without work after which the process ends."""

LOOK = 20.0
"""Seconds between two looks for a fresh seat."""

REST = 1.0
"""Seconds of rest after each work, at most: it takes as long as the work."""

FRESH = ""
"""The student of the work that measures a fresh seat."""

NOTHING: Mapping[str, PlainHostState] = {}
"""The state of hosts that nobody has looked at."""

Points = Mapping[str, tuple[float, float]]
"""The points and the worth of each exercise."""


@dataclass(frozen=True)
class WorkToGrade:
    """The work of a student to grade: the lab, the folder, and the state of the hosts if it is known.

    Without a folder it is the seat itself, as it is now: its hosts are looked at.
    """

    lab: Path
    student: str
    folder: Path | None = None
    hosts: Mapping[str, PlainHostState] = field(default_factory=dict)


def points(given: WorkToGrade) -> tuple[Points, bool]:
    """Return the points of each exercise, and whether all that they need was seen.

    This process gives way to all others. Raises SharklabError.
    """
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    lab = load.read(given.lab / load.FILE)
    plan = flow.to_begin(flow.plan_of(lab, seat.look_up(lab, given.student)), solved=False)
    is_needed = host_demands.is_needed(plan)
    if given.folder:
        found, hosts = folders.read(given.folder, plan), given.hosts
    else:
        found = Submission(lab.name, given.student, plan.seat.id, Path(os.devnull))
        hosts = host_state.observe(plan, host_demands.demands(plan)) if is_needed else {}
    result = grade(plan, solution.with_state(plan, found, hosts, time.time()))
    return {each.id: (each.points, each.worth) for each in result.exercises}, bool(hosts) or not is_needed


@dataclass
class Grader:
    """Grades the work of students on `lab` when it has changed.

    `found` hears the student, the points, and whether all that they need was seen; of a fresh seat the
    student is `FRESH`. A student whose work changes again before its turn is graded once.
    """

    lab: Lab
    found: Callable[[str, Points, bool], None]
    _wanted: dict[str, WorkToGrade] = field(default_factory=dict)
    _hosts: dict[str, Mapping[str, PlainHostState]] = field(default_factory=dict)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _is_running: bool = False
    _looked: float = -LOOK

    def want(self, student: str, folder: Path) -> None:
        """Grade the work of a student when its turn comes."""
        self._add(student, WorkToGrade(self.lab.path, student, folder))

    def note_hosts(self, student: str, hosts: Mapping[str, PlainHostState]) -> None:
        """Note the state of the hosts of a student, which a check has just seen."""
        self._hosts[student] = hosts

    def measure_fresh(self) -> None:
        """Measure the points of a fresh seat, where the class has one that is up and untouched."""
        if time.monotonic() - self._looked < LOOK:
            return
        self._looked = time.monotonic()
        for own in seats.seats_here(self.lab.name):
            states = seats.look(own)["hosts"].values()
            is_up = bool(states) and set(states) == {"running"} and (own.folder / "provisioned").exists()
            if is_up and not sleeping.is_asleep(own) and not student_files.last_change(own):
                self._add(FRESH, WorkToGrade(self.lab.path, own.student))
                return

    def _add(self, student: str, given: WorkToGrade) -> None:
        with self._news:
            self._wanted[student] = given
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, daemon=True).start()
            self._news.notify_all()

    def _run(self) -> None:
        helper = Helper(points)
        try:
            while (student := self._next()) is not None:
                began = time.monotonic()
                self._do(student, helper)
                time.sleep(min(time.monotonic() - began, REST))  # at most half of a processor
        finally:
            helper.end()

    def _do(self, student: str, helper: Helper) -> None:
        given = self._wanted.pop(student)
        known = self._hosts.get(student, NOTHING)
        outcome = helper.do(WorkToGrade(given.lab, given.student, given.folder, known))
        if self._hosts.get(student, NOTHING) is not known:  # a check has ended meanwhile
            self._wanted.setdefault(student, given)
        elif not isinstance(outcome, Failure):  # of a failure, the check of the student tells the reason
            self.found(student, *outcome)

    def _next(self) -> str | None:
        """Return the next student, or None after a minute without any."""
        with self._news:
            if not self._news.wait_for(lambda: self._wanted, IDLE):
                self._is_running = False
                return None
            return next(iter(self._wanted))
