"""Recordings of packets that the workbench shows live: one for each host of a seat, in a file without a name.

tcpdump writes into the file, whoever reads. A reader gets a descriptor of its own that can only read, so
the recording goes on when the reader ends, and the next reader finds all of it.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.hosts.providers.remote import Machine
from sharklab.hosts.recording import Order, Recording
from sharklab.limits import CAPTURE
from sharklab.message import N_

LONGEST = 3600.0
"""Seconds of a recording."""

FREE = 512 << 20
"""Bytes that stay free on the disk of the state folder."""

LONGEST_FILTER = 1000
LOOK = 0.2
RecordedPlace = tuple[str, str, str]
"""The lab, the student and the host of a recording."""


@dataclass(frozen=True)
class Shown:
    """A recording as a reader sees it: `end` is "" while it runs, else why it has ended.

    `end` is "stopped", "full" (the size of a capture), "late" (an hour), "disk" or "failed".
    """

    id: int
    network: str
    filter: str
    begun: float
    end: str
    dropped: int


class Recorder(Protocol):
    """A tcpdump that runs (`hosts.recording.Recording`)."""

    @property
    def runs(self) -> bool:
        """True until it has ended."""

    @property
    def dropped(self) -> int:
        """The packets that it lost, as it counted them at its end."""

    def wait_until_it_listens(self) -> None:
        """Return when it listens. Raises MachineryError."""

    def stop(self) -> None:
        """Let it write its last packets, and return when all has ended."""


Begin = Callable[[Machine, Order, IO[bytes]], Recorder]


@dataclass
class _Kept:
    shown: Shown
    file: IO[bytes]
    recording: Recorder
    asked_to_end: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class Recordings:
    """The recordings of all seats."""

    def __init__(self, folder: Path, begin: Begin = Recording) -> None:
        """`folder` holds the files; `begin` starts tcpdump on a machine."""
        self._folder, self._begin = folder, begin
        self._kept: dict[RecordedPlace, _Kept] = {}
        self._locks: dict[RecordedPlace, threading.Lock] = {}
        self._numbers = itertools.count(1)

    def start(self, place: RecordedPlace, machine: Machine, network: str, order: Order) -> Shown:
        """Begin a recording on a host, in place of the one before, and return it when tcpdump listens.

        Raises InputError for a filter that tcpdump does not take, as it compiles it for the card,
        MachineryError when the host does not answer.
        """
        _check_filter(order.filter)
        with self._locks.setdefault(place, threading.Lock()):
            self.stop(place)
            return self._start(place, machine, network, order)

    def _start(self, place: RecordedPlace, machine: Machine, network: str, order: Order) -> Shown:
        file = tempfile.TemporaryFile(dir=state.folder(self._folder))  # noqa: SIM115 (it is kept)
        try:
            recording = self._begin(machine, order, file)
            recording.wait_until_it_listens()
        except MachineryError as error:
            file.close()
            raise _explain_refusal(error) from error
        shown = Shown(next(self._numbers), network, order.filter, time.time(), "", 0)
        old, kept = self._kept.get(place), _Kept(shown, file, recording)
        self._kept[place] = kept
        if old:
            old.file.close()
        threading.Thread(target=self._watch, args=(kept,), daemon=True).start()
        return shown

    def look(self, place: RecordedPlace) -> Shown | None:
        """Return the last recording of a host, None if there is none."""
        kept = self._kept.get(place)
        return kept.shown if kept else None

    def open(self, place: RecordedPlace) -> IO[bytes]:
        """Return the file of the last recording, to read only. Raises InputError if there is none."""
        kept = self._kept.get(place)
        if kept is None:
            raise InputError(N_("there is no recording of this host"), place=place[2])
        return open(f"/proc/self/fd/{kept.file.fileno()}", "rb", buffering=0)  # noqa: PTH123

    def stop(self, place: RecordedPlace) -> Shown | None:
        """End the recording of a host, and return it when tcpdump has written its last packets."""
        kept = self._kept.get(place)
        if kept is None:
            return None
        kept.asked_to_end.set()
        kept.ended.wait()
        return kept.shown

    @property
    def places(self) -> tuple[RecordedPlace, ...]:
        """The hosts of which there is a recording."""
        return tuple(self._kept)

    @property
    def running(self) -> int:
        """The number of recordings that run."""
        return sum(not kept.shown.end for kept in self._kept.values())

    def forget_seat(self, lab: str, student: str) -> None:
        """Drop the recordings of a seat that is gone."""
        for place in [each for each in self._kept if each[:2] == (lab, student)]:
            self.stop(place)
            self._kept.pop(place).file.close()

    def _watch(self, kept: _Kept) -> None:
        deadline, end = time.monotonic() + LONGEST, ""
        while not end:
            if kept.asked_to_end.wait(LOOK):
                end = "stopped"
            elif not kept.recording.runs:
                end = "failed"
            elif os.fstat(kept.file.fileno()).st_size >= CAPTURE.bytes:
                end = "full"
            elif time.monotonic() > deadline:
                end = "late"
            elif _free(self._folder) < FREE:
                end = "disk"
        kept.recording.stop()
        old = kept.shown
        kept.shown = Shown(old.id, old.network, old.filter, old.begun, end, kept.recording.dropped)
        kept.ended.set()


def _check_filter(expression: str) -> None:
    if len(expression) > LONGEST_FILTER or not expression.isprintable():
        raise InputError(
            N_("a filter is one line of at most {most} characters"), place="filter", most=LONGEST_FILTER
        )


SYNTAX = ("syntax error", "can't parse filter expression", "filter expression")


def _explain_refusal(error: MachineryError) -> MachineryError | InputError:
    """Return the error of a start; that of a wrong filter is the reader's, in tcpdump's words."""
    said = str(error.values.get("said", ""))
    if not any(words in said for words in SYNTAX) and "tcpdump: " not in said:
        return error
    return InputError(
        N_("tcpdump does not take this filter: {said}"),
        place="filter",
        hint=N_("filters are in the manual: man pcap-filter"),
        said=said.rpartition("tcpdump: ")[2],
    )


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
