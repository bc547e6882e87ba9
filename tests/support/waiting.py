"""Waiting for a condition, in place of a sleep."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT = 240.0
"""Seconds until a condition counts as lost: a busy machine takes many of them."""
PAUSE = 0.02


def wait_until(holds: Callable[[], object], what: str = "a condition") -> None:
    """Return when `holds` returns something true. Fail after `LIMIT` seconds with `what`, the condition."""
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline, f"never came about: {what}"
        time.sleep(PAUSE)
