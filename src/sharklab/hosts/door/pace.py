"""How much terminals may print: all of them together, so that the keys of the others come through.

Time is cut into turns. The terminals that print in a turn share its bytes; then they wait for the next one,
and the kernel lets their programs wait as well. One program alone prints as fast as all of them together.
"""

from __future__ import annotations

import os
from contextlib import suppress

EAGER, PLAIN = -10, 0
"""Niceness (sched(7)) of the processes that carry keys, and of shells and decoders. A key passes through two
processes of the former, so on a busy computer it would wait for a processor at each of them."""

TURN, SECONDS = 64 << 10, 0.012
"""Bytes that all terminals print in a turn, and its length in seconds."""

LEAST = 4 << 10
"""Bytes that a terminal may print in a turn, however many others print: a screen of text."""


class Pace:
    """The turns of the terminals of one event loop."""

    def __init__(self) -> None:
        self._printing = 0

    def begin(self) -> int:
        """Note a terminal that begins to print, and return the bytes that it may print in this turn."""
        self._printing += 1
        return max(LEAST, TURN // self._printing)

    def end(self) -> None:
        """Note that the turn of a terminal has ended."""
        self._printing -= 1


def set_niceness(niceness: int, process: int = 0) -> None:
    """Set the niceness of a process, that of this one for 0; only root may make it smaller."""
    with suppress(PermissionError, ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, process, niceness)
