"""The changes of a class, as they happen: whoever waits hears of the next one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class ChangeCounter:
    """Counts the changes of a class, and knows the last one of each student."""

    _count: int = 0
    _last: dict[str, int] = field(default_factory=dict)
    _heard: threading.Condition = field(default_factory=threading.Condition)

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
        with self._heard:
            self._heard.wait_for(lambda: self._count != since, seconds)
            return self._count, [student for student, number in self._last.items() if number > since]
