"""Do many small jobs in several processes, so that none of them can harm another.

A process that takes too long, too much memory, or dies is replaced, and its job has failed; the rest goes on.
The processes are out of reach of the terminal's Ctrl-C and end with their parent, however that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from sharklab.errors import (
    SharklabError,
)
from sharklab.message import (
    N_,
    Message,
)

SECONDS = 300.0
"""How long one job may take."""
MEMORY = 2 << 30
"""Bytes of address space of each process."""
START = 120.0
"""Seconds that a process may take to start, before its job's own time begins."""


@dataclass(frozen=True)
class JobLimits:
    """The limits of a job."""

    seconds: float = SECONDS
    memory: int = MEMORY


LIMITS = JobLimits()


@dataclass(frozen=True)
class Failure:
    """A job that came to nothing, and why."""

    reason: Message


def run(
    work: Callable[[Any], Any], jobs: Sequence[Any], processes: int, limits: JobLimits = LIMITS
) -> Generator[tuple[int, Any], None, None]:
    """Yield the number and the outcome of each job as it is done: the result of `work`, or a Failure.

    `work` is a function of a module and jobs can be pickled. Whatever a job raises is its Failure alone.
    """
    left = deque(enumerate(jobs))
    hands = [_Worker(work, limits) for _ in range(min(processes, len(jobs)))]
    try:
        for hand in hands:
            hand.take(left)
        while busy := [hand for hand in hands if hand.job is not None]:
            for hand in _ready(busy):
                if hand.is_starting():
                    continue
                yield hand.job or 0, hand.outcome()
                hand.take(left)
    finally:
        for hand in hands:
            hand.end()


class Helper:
    """One process that does one job after the other, until it is ended."""

    def __init__(self, work: Callable[[Any], Any], limits: JobLimits = LIMITS) -> None:
        """`work` and `limits` are as `run` takes them."""
        self._worker = _Worker(work, limits)

    def do(self, job: Any) -> Any:
        """Return the outcome of a job: the result of the work, or a Failure."""
        self._worker.take(deque([(0, job)]))
        while True:
            _ready([self._worker])
            if not self._worker.is_starting():
                return self._worker.outcome()

    def end(self) -> None:
        """End the process."""
        self._worker.end()


def _ready(busy: Sequence[_Worker]) -> list[_Worker]:
    """Wait until a process has something to say, is dead, or has used up its time."""
    patience = max(0.0, min(hand.deadline for hand in busy) - time.monotonic())
    said = wait([hand.pipe for hand in busy], patience)
    return [hand for hand in busy if hand.pipe in said or time.monotonic() >= hand.deadline]


class _Worker:
    """One process at work, or waiting for its next job."""

    def __init__(self, work: Callable[[Any], Any], limits: JobLimits) -> None:
        self._work, self._limits = work, limits
        self.job: int | None = None
        self.deadline = 0.0
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._work, theirs, self._limits), daemon=True)
        self._process.start()
        theirs.close()
        self._is_up = False

    def is_starting(self) -> bool:
        """Tell whether all that the process has said is that it is there: its job's time begins now."""
        if self._is_up or not self.pipe.poll():
            return False
        try:
            self.pipe.recv()
        except (EOFError, OSError):
            return False
        self._is_up, self.deadline = True, time.monotonic() + self._limits.seconds
        return True

    def take(self, left: deque[tuple[int, Any]]) -> None:
        """Start the next job that is left, if there is one."""
        self.job, job = left.popleft() if left else (None, None)
        if self.job is not None:
            self.deadline = time.monotonic() + (self._limits.seconds if self._is_up else START)
            with suppress(OSError):  # it died while it waited: the outcome will say so
                self.pipe.send(job)

    def outcome(self) -> Any:
        """Return the result of the job; a process that gave no answer is replaced."""
        try:
            if self.pipe.poll():
                return self.pipe.recv()
            reason = Message(N_("it took more than {seconds:g} s"), {"seconds": self._limits.seconds})
        except (EOFError, OSError):
            self._process.join()
            reason = Message(N_("the process that graded it died ({code})"), {"code": self._process.exitcode})
        self.end()
        self._start()
        return Failure(reason)

    def end(self) -> None:
        """End the process and whatever it started."""
        if self._process.pid is not None and self._process.is_alive():
            with suppress(ProcessLookupError, PermissionError):  # it may not have its own group yet
                if os.getpgid(self._process.pid) == self._process.pid:
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
        self._process.join()
        self.pipe.close()


def _serve(work: Callable[[Any], Any], pipe: Connection[Any, Any], limits: JobLimits) -> None:
    """Do the jobs that come through `pipe` until it is closed."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    with suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            pipe.send(_attempt(work, pipe.recv()))


def _attempt(work: Callable[[Any], Any], job: Any) -> Any:
    try:
        return work(job)
    except Exception as error:
        return failure(error)


def failure(error: Exception) -> Failure:
    """Return the failure of a job that raised `error`."""
    if isinstance(error, SharklabError):
        return Failure(error.sentence)
    if isinstance(error, MemoryError):
        return Failure(Message(N_("it needed more memory than the limit for one submission")))
    return Failure(Message(N_("a fault in sharklab: {error!r}"), {"error": str(error)}))
