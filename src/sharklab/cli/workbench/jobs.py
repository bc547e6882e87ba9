"""Work on seats that takes minutes: a queue, a few at a time, with a line of progress for each."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sharklab.errors import InputError, SharklabError
from sharklab.i18n import Translator
from sharklab.message import N_
from sharklab.progress import Progress

AT_ONCE = 2
WAITING, RUNNING, DONE, FAILED = N_("waiting"), N_("at work"), N_("done"), N_("failed")


@dataclass
class Job:
    """One piece of work on the seat of a student: its title, its state, and the last line about it."""

    title: str
    state: str = WAITING
    line: str = ""

    @property
    def is_open(self) -> bool:
        """True until it has ended."""
        return self.state in (WAITING, RUNNING)


class _Lines(io.StringIO):
    """The stream of a `Progress`: a job keeps its last line."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def write(self, text: str) -> int:
        """Take a line."""
        self._job.line = text.strip() or self._job.line
        return len(text)


class Jobs:
    """The jobs of a class: the last one of each student is kept."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, "seat")
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def known(self) -> Mapping[str, Job]:
        """Return the last job of each student."""
        with self._lock:
            return dict(self._jobs)

    def add(self, student: str, title: str, work: Callable[[Progress], None], words: Translator) -> None:
        """Begin `work` when its turn comes. Raises InputError when the student's seat has a job already."""
        with self._lock:
            if student in self._jobs and self._jobs[student].is_open:
                raise InputError(N_("the seat of {student} has a job already"), student=student)
            job = self._jobs[student] = Job(words.gettext(title))
        self._pool.submit(self._run, job, work, words)

    def _run(self, job: Job, work: Callable[[Progress], None], words: Translator) -> None:
        job.state = RUNNING
        try:
            work(Progress(words.gettext, _Lines(job)))
            job.state = DONE
        except SharklabError as error:
            job.state, job.line = FAILED, error.say(words.gettext)
        except Exception as error:  # one job never ends the others
            job.state, job.line = FAILED, repr(error)
