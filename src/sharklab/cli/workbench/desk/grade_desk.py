"""Grade the submissions of a class as `sharklab grade` does, show the gradebook, give the feedback out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharklab import i18n, ownership
from sharklab.cli.workbench.client import NOBODY
from sharklab.cli.workbench.desk.help_desk import HelpDesk
from sharklab.cli.workbench.desk.jobs import Jobs
from sharklab.cli.workbench.desk.student_desk import words_of
from sharklab.errors import InputError
from sharklab.grading.gradebook import batch, inputs
from sharklab.hosts.door.server import Handler, Reply, text
from sharklab.lab import exam, feedback_note, submission_store
from sharklab.lab.model import Lab
from sharklab.lab.roster import Student
from sharklab.message import N_
from sharklab.progress import Progress

PAGE = re.compile(
    r"class\.[a-z]{2,3}\.html|gradebook(?:\.[a-z]{2,3})?\.csv|results\.json"
    r"|(?P<student>[^/]+)/(?:feedback|exam)\.[a-z]{2,3}\.html"
)
"""The files of a gradebook that the instructor reads."""


@dataclass(frozen=True)
class GradeDesk:
    """Answers about the gradebook of a class of `students` that works on `lab`."""

    lab: Lab
    students: tuple[Student, ...]
    help_desk: HelpDesk
    jobs: Jobs

    def handlers(self) -> Mapping[str, Handler]:
        """Return the function for each request, as the door takes them."""
        return {
            "grade": self._grade,
            "gradebook": self._gradebook,
            "graded": self._open,
            "give feedback": self._give,
            "feedback": self._feedback,
        }

    @property
    def folder(self) -> Path:
        """The folder of the gradebook."""
        return feedback_note.folder(self.lab.name)

    def has_feedback(self, student: str) -> bool:
        """Tell whether a student may read feedback: the instructor has given it out, and there is some."""
        return feedback_note.is_given(self.lab.name) and self._feedback_file(student, i18n.SOURCE).is_file()

    def _grade(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Begin to grade. Raises InputError when the class is being graded, or nothing was handed in."""
        sources = inputs.find([submission_store.folder(self.lab.name)], self.students)
        begin, end = exam.read_times(self.lab, [own.id for own in self.students])

        def grade(progress: Progress) -> None:
            given = (sources, self.students, self.folder, self.lab.name)
            found = batch.Batch(*given, processes=1, find_lab=lambda name: self.lab, begin=begin, end=end)
            batch.grade(found, progress)
            ownership.give_like_folder(self.folder, *self.folder.rglob("*"))

        self.jobs.add(NOBODY, N_("grade the submissions"), grade)
        return Reply()

    def _gradebook(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the state of the gradebook: place, page, job, and whether it is given out."""
        words, job = words_of(request), self.jobs.list_last_jobs().get(NOBODY)
        page = self.folder / f"class.{words.language}.html"
        handed = submission_store.last(self.lab.name)
        return Reply(
            {
                "lab": self.lab.name,
                "folder": str(self.folder),
                "handed": str(submission_store.folder(self.lab.name)),
                "count": len(handed.keys() & set(self.help_desk.students)),
                "page": page.name if page.is_file() else "",
                "job": job.say(words) if job else "",
                "open": bool(job and job.is_open),
                "given": feedback_note.is_given(self.lab.name),
            }
        )

    def _open(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with a file of the gradebook, open for reading. Raises InputError for any other name."""
        name = text(request, "name")
        found = PAGE.fullmatch(name)
        if found is None or found["student"] not in (None, *self.help_desk.students):
            raise _no_file(name)
        return _answer(self.folder / name)

    def _give(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Let each student read their own feedback, or nobody. Raises InputError before there is any."""
        feedback_note.give(self.lab.name, text(request, "given") == "yes")
        self.help_desk.changes.note(NOBODY, *self.help_desk.students)
        return Reply()

    def _feedback(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the feedback of a student. Raises InputError when it is not given out."""
        own = self.help_desk.find_student(student)
        if not self.has_feedback(own):
            raise InputError(N_("there is no feedback for you yet"))
        return _answer(self._feedback_file(own, words_of(request).language))

    def _feedback_file(self, student: str, language: str) -> Path:
        return self.folder / student / f"feedback.{language}.html"


def _answer(file: Path) -> Reply:
    try:
        return Reply({"name": file.name}, file.open("rb"))
    except OSError as error:
        raise _no_file(file.name) from error


def _no_file(name: str) -> InputError:
    return InputError(N_("the gradebook has no page {name!r}"), name=name)
