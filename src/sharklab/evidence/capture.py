"""A capture that was recorded, in a run or by a student: opened once, and read once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sharklab.errors import InputError
from sharklab.evidence.packets import facts
from sharklab.evidence.packets.batches import read_together
from sharklab.evidence.packets.container import Container, open_capture
from sharklab.evidence.packets.model import DecodedCapture, Facts
from sharklab.evidence.packets.reader import read


@dataclass(frozen=True)
class Counted:
    """The figures that tcpdump gave when it ended, and the time that it ran (epoch seconds)."""

    packets: int
    dropped: int
    began: float
    ended: float


@dataclass
class RecordedCapture:
    """A capture file by the id that lab.yml gives it, and the host that recorded it.

    `counted` is None for a capture of a student, who hands in the file alone. The file is opened, and read
    by tshark, when something of it is first asked for.
    """

    id: str
    host: str
    path: Path
    counted: Counted | None = None
    _container: Container | None = field(default=None, init=False, repr=False, compare=False)
    _facts: Facts | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def container(self) -> Container:
        """The records of the file. Raises InputError when it is no capture, or is beyond the limits."""
        if self._container is None:
            self._container = open_capture(self.path)
        return self._container

    @container.setter
    def container(self, known: Container) -> None:
        self._container = known

    @property
    def facts(self) -> Facts:
        """The facts that its packets show; of a file that cannot be read, none, and the `problem`.

        Raises MachineryError when tshark is missing or broken.
        """
        if self._facts is None:
            self._facts = facts(self._read())
        return self._facts

    @facts.setter
    def facts(self, known: Facts) -> None:
        self._facts = known

    @property
    def packets(self) -> int:
        """The number of packets: as tcpdump counted them, else as the file holds them."""
        return self.counted.packets if self.counted else len(self.facts.packets)

    def search(self, text: str) -> tuple[int, ...]:
        """Return the numbers of the packets that contain `text`, in whatever case. Raises InputError."""
        return self.container.search(text)

    def _read(self) -> DecodedCapture:
        try:
            return read(self.container)
        except InputError as error:
            return DecodedCapture((), problem=error.sentence)


def read_all(captures: Iterable[RecordedCapture]) -> None:
    """Read the facts of each capture, as many at once as there are cores.

    Raises MachineryError when tshark is missing or broken.
    """
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        list(pool.map(lambda capture: capture.facts, captures))


def read_few(captures: Iterable[RecordedCapture]) -> None:
    """Read the facts of many small captures with few calls of tshark (`packets.batches`).

    The containers that this takes are not kept: those of a whole class would fill the memory. Raises
    MachineryError when tshark is missing or broken.
    """
    wanted = list(captures)
    recordings = read_together(capture.path for capture in wanted)
    for capture in wanted:
        if capture.path in recordings:
            capture.facts = facts(recordings[capture.path])
    read_all(wanted)
