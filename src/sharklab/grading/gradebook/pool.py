"""Do many small work items in several processes, so that none of them can harm another.

A process that takes too long or too much memory, or dies, is replaced. Its item has failed; the rest goes on.
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

from sharklab.errors import SharklabError
from sharklab.message import N_, Message

SECONDS = 300.0
"""How long one item may take."""
MEMORY = 2 << 30
"""Bytes of address space of each process."""
START = 120.0
"""Seconds that a process may take to start, before its item's own time begins."""


@dataclass(frozen=True)
class ItemLimits:
    """The limits of a work item."""

    seconds: float = SECONDS
    memory: int = MEMORY


LIMITS = ItemLimits()


@dataclass(frozen=True)
class Failure:
    """A work item that came to nothing, and why."""

    reason: Message


def run(
    work: Callable[[Any], Any], items: Sequence[Any], processes: int, limits: ItemLimits = LIMITS
) -> Generator[tuple[int, Any], None, None]:
    """Yield the number and the outcome of each item as it is done: the result of `work`, or a Failure.

    `work` is a function of a module and items can be pickled. Whatever an item raises is its Failure alone.
    """
    left = deque(enumerate(items))
    hands = [_Worker(work, limits) for _ in range(min(processes, len(items)))]
    try:
        for hand in hands:
            hand.take(left)
        while busy := [hand for hand in hands if hand.item is not None]:
            for hand in _ready(busy):
                if hand.is_starting():
                    continue
                yield hand.item or 0, hand.outcome()
                hand.take(left)
    finally:
        for hand in hands:
            hand.end()


class Helper:
    """One process that does one item after the other, until it is ended."""

    def __init__(self, work: Callable[[Any], Any], limits: ItemLimits = LIMITS) -> None:
        """`work` and `limits` are as `run` takes them."""
        self._worker = _Worker(work, limits)

    def do(self, item: Any) -> Any:
        """Return the outcome of a work item: the result of the work, or a Failure."""
        self._worker.take(deque([(0, item)]))
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
    """One process at work, or waiting for its next item."""

    def __init__(self, work: Callable[[Any], Any], limits: ItemLimits) -> None:
        self._work, self._limits = work, limits
        self.item: int | None = None
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
        """Tell whether all that the process has said is that it is there: its item's time begins now."""
        if self._is_up or not self.pipe.poll():
            return False
        try:
            self.pipe.recv()
        except (EOFError, OSError):
            return False
        self._is_up, self.deadline = True, time.monotonic() + self._limits.seconds
        return True

    def take(self, left: deque[tuple[int, Any]]) -> None:
        """Start the next item that is left, if there is one."""
        self.item, item = left.popleft() if left else (None, None)
        if self.item is not None:
            self.deadline = time.monotonic() + (self._limits.seconds if self._is_up else START)
            with suppress(OSError):  # it died while it waited: the outcome will say so
                self.pipe.send(item)

    def outcome(self) -> Any:
        """Return the result of the item; a process that gave no answer is replaced."""
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


def _serve(work: Callable[[Any], Any], pipe: Connection[Any, Any], limits: ItemLimits) -> None:
    """Do the items that come through `pipe` until it is closed."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    with suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            pipe.send(_attempt(work, pipe.recv()))


def _attempt(work: Callable[[Any], Any], item: Any) -> Any:
    try:
        return work(item)
    except Exception as error:
        return failure(error)


def failure(error: Exception) -> Failure:
    """Return the failure of a work item that raised `error`."""
    if isinstance(error, SharklabError):
        return Failure(error.sentence)
    if isinstance(error, MemoryError):
        return Failure(Message(N_("it needed more memory than the limit for one submission")))
    return Failure(Message(N_("a fault in sharklab: {error!r}"), {"error": str(error)}))
