"""The consoles of hosts that boot: the units that systemd starts there, and those that it could not start."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sharklab.hosts.providers import disk
from sharklab.lab.model import Plan

LIMIT = 120.0
"""Seconds in which a host has to start a further unit, or to answer after its last one.

It is more than DefaultTimeoutStartSec of systemd-system.conf(5), 90 s: a host tries that long to mount a
folder of a server that is off. It counts from the last unit that started, because a slow machine takes
longer for all of them.
"""

LOOK = 5.0
"""Seconds between two looks at the consoles of hosts that boot."""

STARTED = "  OK  "
"""The word that systemd writes to the console for a unit that has started."""

FAILED = "FAILED"
"""The word that systemd writes to the console for a unit that did not start."""


class Consoles:
    """The consoles of hosts that boot: since when each has shown no unit that started."""

    def __init__(self, plan: Plan, hosts: Iterable[str]) -> None:
        self._files = {name: disk.folder(plan, name) / disk.CONSOLE for name in hosts}
        self._units = dict.fromkeys(self._files, 0)
        self._news = dict.fromkeys(self._files, time.monotonic())
        self._looked = time.monotonic()

    def silence(self, host: str) -> float:
        """Return the seconds since a unit of the host was last seen to start, or since the begin."""
        now = time.monotonic()
        if now > self._looked + LOOK:
            self._looked = now
            for name, file in self._files.items():
                if (units := _read(file).count(STARTED)) > self._units[name]:
                    self._units[name], self._news[name] = units, now
        return now - self._news[host]


def _read(console: Path) -> str:
    with suppress(FileNotFoundError):  # its keeper has not made it yet
        return console.read_text(errors="replace")
    return ""


def has_failed_units(plan: Plan, host: str) -> bool:
    """Tell whether a unit of the host did not start, by its console."""
    file = disk.folder(plan, host) / disk.CONSOLE
    return FAILED in file.read_text(errors="replace")
