"""Record packets on a host, straight into a file of this computer or into a pipe.

`hosts.agent.live` runs there. It ends when its standard input ends, so nothing stays on the host.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.hosts.agent import live
from sharklab.hosts.providers.remote import Machine
from sharklab.message import N_

START_LIMIT = 60.0
"""Seconds that tcpdump may take until it listens."""

STOP_LIMIT = 20.0
LAST_PACKETS = 16 << 20
"""Bytes that may come after the order to end: tcpdump has at most its buffers, and a host may go on."""

TICK = 0.2
"""Seconds between two looks at the programs and at the pipe."""

LINE, LINES = 4096, 100
"""Bytes of a line of tcpdump's words, and lines, that are kept: a host may say without end."""

LISTENING = "listening on"
DROPPED = re.compile(r"(\d{1,15}) packets? dropped by kernel")


@dataclass(frozen=True)
class Order:
    """One recording: the card of the host, a filter (pcap-filter(7)), and limits, 0 for none."""

    interface: str
    filter: str = ""
    snaplen: int = 0
    packets: int = 0

    @property
    def options(self) -> list[str]:
        """The options of tcpdump for the limits."""
        words = ["-s", str(self.snaplen)]
        return words + (["-c", str(self.packets)] if self.packets else [])


class Recording:
    """A tcpdump on a host that runs, and writes to `target`."""

    def __init__(self, machine: Machine, order: Order, target: IO[bytes]) -> None:
        self.machine, self._target = machine, target
        self._said: deque[str] = deque(maxlen=LINES)
        self._listens, self._is_heard = threading.Event(), False
        source = Path(live.__file__).read_text(encoding="utf-8")
        words = [machine.python, "-I", "-c", source, order.interface, order.filter, *order.options]
        self._ssh = subprocess.Popen(
            machine.as_root(words),
            stdin=subprocess.PIPE,
            stdout=target,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for this process, which then asks tcpdump to end
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        with suppress(BrokenPipeError):
            self._pipe.write(machine.secret.encode())
            self._pipe.flush()

    @property
    def _pipe(self) -> Any:
        """The standard input of the program; `Any` because a Popen may have none, and this one has."""
        return self._ssh.stdin

    @property
    def runs(self) -> bool:
        """True until tcpdump and its connection have ended."""
        return self._ssh.poll() is None

    @property
    def dropped(self) -> int:
        """The packets that tcpdump lost, as it counted them at its end."""
        return sum(int(number) for line in tuple(self._said) for number in DROPPED.findall(line))

    def wait_until_it_listens(self) -> None:
        """Return when tcpdump listens. Raises MachineryError, with its own words, when it ends instead."""
        if not self._listens.wait(START_LIMIT) or not self._is_heard:
            self.stop()
            raise self._failure()

    def stop(self) -> None:
        """Let tcpdump write its last packets, and return when all has ended."""
        with suppress(BrokenPipeError):
            self._pipe.close()
        deadline, most = time.monotonic() + STOP_LIMIT, self._size() + LAST_PACKETS
        while self.runs and time.monotonic() < deadline and self._size() <= most:
            with suppress(subprocess.TimeoutExpired):
                self._ssh.wait(min(TICK, STOP_LIMIT))
        self._ssh.kill()
        self._ssh.wait()
        self._reader.join(STOP_LIMIT)  # a process that tcpdump left behind may hold the pipe
        if self._ssh.stderr and not self._reader.is_alive():
            self._ssh.stderr.close()

    def _size(self) -> int:
        """Return the bytes in the file that takes the packets; 0 for a pipe."""
        return os.fstat(self._target.fileno()).st_size

    def check(self) -> None:
        """Raise MachineryError if the recording came to a bad end."""
        if self._ssh.returncode:
            raise self._failure()

    def _failure(self) -> MachineryError:
        return MachineryError(
            N_("tcpdump on host {host} failed: {said}"),
            place=str(self.machine.config),
            hint=N_("try it there: {command}"),
            host=self.machine.name,
            said=process.last_lines("\n".join(tuple(self._said))),
            command=shlex.join(["ssh", "-F", str(self.machine.config), self.machine.name, "tcpdump -D"]),
        )

    def _read(self) -> None:
        errors: Any = self._ssh.stderr
        while line := errors.readline(LINE):
            self._said.append(line.decode(errors="replace").rstrip())
            if LISTENING in self._said[-1]:
                self._is_heard = True
                self._listens.set()
        self._listens.set()


@contextmanager
def recordings(wanted: Sequence[tuple[Machine, Order, IO[bytes]]]) -> Iterator[list[Recording]]:
    """Start recordings, and stop them at the end of the block; all of them listen when it begins."""
    started: list[Recording] = []
    try:
        started += (Recording(*each) for each in wanted)
        for each in started:
            each.wait_until_it_listens()
        yield started
    finally:
        for each in started:
            each.stop()


def wait(running: Sequence[Recording], seconds: float = 0.0, reader: int | None = None) -> None:
    """Return when the recordings have ended, or after `seconds`, or when nobody reads the pipe `reader`."""
    deadline = time.monotonic() + seconds if seconds else None
    pipe = select.poll()
    if reader is not None:
        pipe.register(reader, 0)  # POLLERR and POLLHUP are always told (poll(2))
    while any(each.runs for each in running):
        left = TICK if deadline is None else min(TICK, deadline - time.monotonic())
        if left <= 0 or pipe.poll(left * 1000):
            return
