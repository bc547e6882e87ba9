"""Report progress with elapsed time on standard error: one live line on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from sharklab import untrusted
from sharklab.message import N_, Gettext, Message

QUIET_SECONDS = 2.0
"""A step that takes longer than this is worth a word."""


class Progress:
    """Reports steps one after the other. `note` is the detail of the running step.

    On a terminal one line is kept up to date; elsewhere each detail that still holds after
    `QUIET_SECONDS` is a line of its own, so that a log shows life without a flood.
    """

    def __init__(self, gettext: Gettext = str, stream: TextIO | None = None) -> None:
        self._gettext = gettext
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._said = self._start
        self._title = ""
        self._detail = ""

    @contextmanager
    def step(self, title: str, **values: object) -> Iterator[None]:
        """Show `title` (a msgid, with its values) while the block runs, and its duration at the end."""
        started = time.monotonic()
        title = Message(title, values).say(self._gettext)
        self._title, self._detail = title, ""
        done = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(done,), daemon=True)
        ticker.start()
        mark = "✗"
        try:
            yield
            mark = "✓"
        finally:
            done.set()
            ticker.join()
            took = Message(
                "{title} ({seconds:.1f} s)", {"title": title, "seconds": time.monotonic() - started}
            )
            self._line(f"{mark} {took.say(self._gettext)}", final=True)
            self._title = ""

    def note(self, detail: Message) -> None:
        """Report a detail of the running step; outside a step it is its own line."""
        self._detail = detail.say(self._gettext)
        if not self._title:
            self._line(f"  {self._detail}", final=True)

    def _tick(self, done: threading.Event) -> None:
        shown = ""
        while not done.wait(0.25 if self._live else QUIET_SECONDS):
            elapsed = time.monotonic() - self._start
            if self._live:
                self._line(self._now(elapsed), final=False)
            elif self._detail != shown:
                shown = self._detail
                self._line(self._now(elapsed), final=True)

    def _now(self, elapsed: float) -> str:
        values = {"seconds": elapsed, "title": self._title, "detail": self._detail}
        return Message(N_("[{seconds:5.1f} s] {title}: {detail}"), values).say(self._gettext)

    def _line(self, text: str, *, final: bool) -> None:
        text = untrusted.visible(text)
        with self._lock:
            if self._live:
                import shutil

                text = text[: shutil.get_terminal_size().columns - 1]
                self._stream.write(f"\r\x1b[K{text}" + ("\n" if final else ""))
            else:
                self._stream.write(text + "\n")
            self._stream.flush()


class Silent(Progress):
    """Reports nothing: for work that is a part of a step."""

    @contextmanager
    def step(self, title: str, **values: object) -> Iterator[None]:
        """Do the block."""
        yield

    def note(self, detail: Message) -> None:
        """Say nothing."""
