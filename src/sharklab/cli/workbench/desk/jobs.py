"""Work on seats that takes minutes: a queue, a few at a time, with a line of progress for each."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from sharklab.cli.parallel_work import Watch
from sharklab.errors import InputError, MachineryError, SharklabError
from sharklab.i18n import Translator
from sharklab.message import N_, Message
from sharklab.progress import Progress

AT_ONCE = 2
WAITING, RUNNING, DONE, FAILED = N_("waiting"), N_("at work"), N_("done"), N_("failed")


GroupWork = Callable[[Sequence[str], Progress, Watch], object]
"""Works on the seats of students, and tells each that is done. Raises SharklabError for the others."""


@dataclass
class Job:
    """One piece of work on the seat of a student: its title, its state, and its step of now.

    `error` says why it has failed. All of them are put into words late: readers have their own languages.
    """

    title: str
    state: str = WAITING
    step: Message | None = None
    detail: Message | None = None
    error: SharklabError | None = None

    @property
    def is_open(self) -> bool:
        """True until it has ended."""
        return self.state in (WAITING, RUNNING)

    @property
    def has_failed(self) -> bool:
        """True when it has ended with an error."""
        return self.state == FAILED

    def say(self, words: Translator) -> str:
        """Return the title, the state, and the step or the error, in the language of a reader."""
        said = f"{words.gettext(self.title)}: {words.gettext(self.state)}"
        if self.error:
            return f"{said}. {self.error.say(words.gettext)}"
        if self.is_open and self.step:
            more = [words.say(each) for each in (self.step, self.detail) if each]
            return f"{said} · {': '.join(more)}"
        return said


class _Steps(Progress):
    """Notes the step of work that runs, and its last detail, on each job that is open."""

    def __init__(self, jobs: Mapping[str, Job], changed: Callable[[str], None]) -> None:
        super().__init__(stream=io.StringIO())
        self._jobs, self._changed = jobs, changed
        self._step: Message | None = None

    @contextmanager
    def step(self, title: str, **values: object) -> Iterator[None]:
        """Note the step of the block."""
        self._step = Message(title, values)
        self._tell(None)
        yield

    def note(self, detail: Message) -> None:
        """Note a detail."""
        self._tell(detail)

    def _tell(self, detail: Message | None) -> None:
        for student, job in self._jobs.items():
            if job.is_open:
                job.step, job.detail = self._step, detail
                self._changed(student)


@dataclass
class Jobs:
    """The jobs of a class: the last one of each student is kept. `changed` hears whose job changes."""

    changed: Callable[[str], None] = lambda student: None
    _jobs: dict[str, Job] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "seat"))

    def list_last_jobs(self) -> Mapping[str, Job]:
        """Return the last job of each student."""
        with self._lock:
            return dict(self._jobs)

    def add(self, student: str, title: str, work: Callable[[Progress], None]) -> None:
        """Begin `work` when its turn comes. Raises InputError when the student's seat has a job already."""
        if not self.add_group([student], title, lambda students, progress, watch: work(progress)):
            raise InputError(N_("the seat of {student} has a job already"), student=student)

    def add_group(self, students: Sequence[str], title: str, work: GroupWork) -> list[str]:
        """Begin `work` on the seats of several students when its turn comes.

        Return the students whose job this is: a seat with a job already is left out.
        """
        with self._lock:
            free = [each for each in students if each not in self._jobs or not self._jobs[each].is_open]
            jobs = {student: Job(title) for student in free}
            self._jobs |= jobs
        for student in free:
            self.changed(student)
        if free:
            self._pool.submit(self._run, jobs, work)
        return free

    def _run(self, jobs: Mapping[str, Job], work: GroupWork) -> None:
        def end(students: Iterable[str], error: SharklabError | None) -> None:
            for student in students:
                jobs[student].error, jobs[student].state = error, FAILED if error else DONE
                self.changed(student)

        for job in jobs.values():
            job.state = RUNNING
        error: SharklabError | None = None
        try:
            progress = _Steps(jobs, self.changed)
            work(list(jobs), progress, lambda done: end([done.student], done.error))
        except SharklabError as found:
            error = found
        except Exception as found:  # one job never ends the others
            error = MachineryError(N_("a fault in sharklab: {error!r}"), error=found)
        end([student for student, job in jobs.items() if job.is_open], error)
