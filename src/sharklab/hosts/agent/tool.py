"""Run the machine's own tools, and collect the steps that failed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


def output(argv: Sequence[str]) -> str | None:
    """Return the output of a command, or None if it is missing or fails."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


class Failures:
    """The steps that failed, each with the reason that the system or a tool gave."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []

    def note(self, what: str, why: str) -> None:
        """Note that the step `what` failed, and why."""
        self.entries.append((what, why))

    def run(self, argv: Sequence[str]) -> bool:
        """Run a command and tell whether it came to a good end; a bad one is noted."""
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except OSError as error:
            self.note(" ".join(argv), error.strerror or str(error))
            return False
        if done.returncode:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()
            self.note(" ".join(argv), said[-300:])
        return done.returncode == 0
