"""The changes of a class, as they happen: whoever waits hears of the next one.

A command that changes something leaves a sign (`lab.class_news`), for which whoever waits looks each second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

LOOK = 1.0
"""Seconds between two looks for the sign of a command."""


@dataclass
class ChangeCounter:
    """Counts the changes of a class, and knows the last one of each student.

    Another value of `sign` is a change of all `students`.
    """

    students: Sequence[str] = ()
    sign: Callable[[], int] = int
    _seen: int = 0
    _count: int = 0
    _last: dict[str, int] = field(default_factory=dict)
    _heard: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        """Note the sign of now, which is no change."""
        self._seen = self.sign()

    def note(self, *students: str) -> None:
        """Note that something about these students has changed."""
        with self._heard:
            self._count += 1
            self._last |= dict.fromkeys(students, self._count)
            self._heard.notify_all()

    def wait(self, since: int, seconds: float) -> tuple[int, list[str]]:
        """Wait at most `seconds` for a change after the number `since`.

        Return the number of the last change, and the students with one since then.
        """
        deadline = time.monotonic() + seconds
        with self._heard:
            while True:
                self._look()
                left = min(LOOK, deadline - time.monotonic())
                if self._heard.wait_for(lambda: self._count != since, max(0.0, left)) or left <= 0:
                    break
            return self._count, [student for student, number in self._last.items() if number > since]

    def _look(self) -> None:
        """Note a change of everybody when a command has left another sign."""
        if (sign := self.sign()) != self._seen:
            self._seen = sign
            self.note(*self.students)
