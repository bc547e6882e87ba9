"""How often one asker may ask: a bucket of tokens that fills with time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Rate:
    """Allows `burst` requests at once, and `per_second` of them in the long run, to each name."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def allows(self, name: str) -> bool:
        """Take one token of `name`; False when there is none."""
        with self._lock:
            now = self._clock()
            left, then = self._left.get(name, (float(self._burst), now))
            left = min(float(self._burst), left + (now - then) * self._per_second)
            allowed = left >= 1
            self._left[name] = (left - allowed, now)
            return allowed
