"""Work on seats that takes minutes: a queue, a few at a time, with a line of progress for each."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from sharklab.errors import InputError, MachineryError, SharklabError
from sharklab.i18n import Translator
from sharklab.message import N_, Message
from sharklab.progress import Progress

AT_ONCE = 2
WAITING, RUNNING, DONE, FAILED = N_("waiting"), N_("at work"), N_("done"), N_("failed")


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
    """Notes the step of a job that runs, and its last detail."""

    def __init__(self, job: Job, changed: Callable[[], None]) -> None:
        super().__init__(stream=io.StringIO())
        self._job, self._changed = job, changed

    @contextmanager
    def step(self, title: str, **values: object) -> Iterator[None]:
        """Note the step of the block."""
        self._job.step, self._job.detail = Message(title, values), None
        self._changed()
        yield

    def note(self, detail: Message) -> None:
        """Note a detail."""
        self._job.detail = detail
        self._changed()


@dataclass
class Jobs:
    """The jobs of a class: the last one of each student is kept. `changed` hears whose job changes."""

    changed: Callable[[str], None] = lambda student: None
    _jobs: dict[str, Job] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "seat"))

    def known(self) -> Mapping[str, Job]:
        """Return the last job of each student."""
        with self._lock:
            return dict(self._jobs)

    def add(self, student: str, title: str, work: Callable[[Progress], None]) -> None:
        """Begin `work` when its turn comes. Raises InputError when the student's seat has a job already."""
        with self._lock:
            if student in self._jobs and self._jobs[student].is_open:
                raise InputError(N_("the seat of {student} has a job already"), student=student)
            job = self._jobs[student] = Job(title)
        self.changed(student)
        self._pool.submit(self._run, student, job, work)

    def _run(self, student: str, job: Job, work: Callable[[Progress], None]) -> None:
        job.state = RUNNING
        try:
            work(_Steps(job, lambda: self.changed(student)))
            job.state = DONE
        except SharklabError as error:
            job.error, job.state = error, FAILED
        except Exception as error:  # one job never ends the others
            job.error, job.state = MachineryError(N_("a fault in sharklab: {error!r}"), error=error), FAILED
        self.changed(student)
