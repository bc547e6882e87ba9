"""A kept terminal: a program at a pseudo-terminal (pty(7)), and everybody who looks at it.

It lives as long as its program, with viewers or without. A viewer is one end of a pair of sockets that
keep the bounds of messages (unix(7), SOCK_SEQPACKET). The first byte of a message says what it is.

To a viewer:
    r           forget the screen: the past follows
    p BYTES     a part of the past: a terminal answers no question in it
    n           the past ends here
    o BYTES     output
    s JSON      the size of the terminal: {"columns", "rows"}
    v JSON      all viewers: a list of {"name", "types"}
    e JSON      the program has ended: {"code"}
From a viewer:
    i BYTES     input
    s JSON      its size
    a NUMBER    the bytes of `p` and `o` that it has drawn since it said so last

Output is read no faster than the fastest viewer draws, so a browser that stalls costs no memory. A viewer
that is too slow misses output, and gets the past again when it has caught up. ssh holds up to 2 MiB of
output that the program printed before Ctrl-C: viewers get the end of it only, so Ctrl-C works at once.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import termios
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sharklab.hosts.door import pace
from sharklab.hosts.door.pace import Pace
from sharklab.hosts.door.replay import Replay, follow_modes, set_modes

HIGH, LOW = 128 << 10, 32 << 10
"""Bytes that a viewer has not drawn: at the first nothing more is sent, below the second it goes on."""

READ = 64 << 10
REDRAW = 0.012
"""Seconds between two sizes of a program that draws its screen again."""

INTERRUPTS = frozenset(b"\x03\x1a\x1c")
"""Ctrl-C, Ctrl-Z and Ctrl-\\."""

MOST_SKIPPED, SHOWN, CALM = 4 << 20, 8 << 10, 0.03
"""After an interrupt: bytes that are read at most without being shown, how many of the last ones are shown,
and the seconds without output after which the program counts as interrupted."""

END_LIMIT = 1.0
"""Seconds that a program may take to end."""

MOST_INPUT = 1 << 20
"""Bytes of input that wait for a program that does not read; more is lost, as with any terminal."""

MESSAGE = 96 << 10
"""Bytes of the largest message of a viewer."""

SMALLEST, LARGEST = 2, 1000
"""Columns or rows of a terminal."""

ANSWER = re.compile(rb"(?:\x1b\[[?>=]?[\d;]*[cnRy]|\x1b\[[IO]|\x1b[P\]][^\x07\x1b]*(?:\x07|\x1b\\))+")
"""Words of a terminal that a program asked for; only the first viewer answers."""


@dataclass(eq=False)
class Viewer:
    """Somebody who looks at a terminal. `types` allows input, `sizes` a size of its own."""

    connection: socket.socket
    name: str
    types: bool
    sizes: bool
    waiting: deque[tuple[bytes, bytes]] = field(default_factory=deque)
    queued: int = 0
    undrawn: int = 0
    is_full: bool = False
    has_missed: bool = False

    @property
    def has_room(self) -> bool:
        """True when it takes more output."""
        return not self.waiting and not self.is_full

    def queue(self, output: bytes) -> None:
        """Let output wait for the viewer, or note that it is missed."""
        if self.has_missed or self.queued > HIGH:
            self.has_missed = True
            return
        self.waiting.append((b"o", output))
        self.queued += len(output)

    def note(self, kind: bytes, content: bytes) -> None:
        """Count the bytes of a message that was sent."""
        if kind in (b"o", b"p"):
            self.undrawn += len(content)
            self.is_full = self.is_full or self.undrawn >= HIGH
        if kind == b"o":
            self.queued -= len(content)

    def drew(self, count: int) -> None:
        """Count bytes that were drawn."""
        self.undrawn = max(0, self.undrawn - max(0, count))
        self.is_full = self.is_full and self.undrawn > LOW


@dataclass
class Skip:
    """Output that is not shown, but for its end and its changes of modes."""

    count: int = 0
    _modes: dict[int, bool] = field(default_factory=dict)
    _tail: bytes = b""

    def add(self, output: bytes) -> None:
        """Take output."""
        self.count += len(output)
        self._tail += output
        if len(self._tail) > 2 * SHOWN:
            least = len(self._tail) - SHOWN
            cut = self._tail.find(b"\n", least) + 1 or least
            self._modes = follow_modes(self._modes, self._tail[:cut])
            self._tail = self._tail[cut:]

    def end(self) -> bytes:
        """Return the modes and the last lines."""
        return set_modes(self._modes) + self._tail


class Terminal:
    """A program at a pseudo-terminal. Everything runs in one event loop."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], ended: Callable[[], None], turns: Pace
    ) -> None:
        """Start `command`; `ended` is called when it has ended. `turns` are those of all terminals.

        Raises OSError.
        """
        self._loop = asyncio.get_running_loop()
        self._turns, self._ended = turns, ended
        self._viewers, self._input = list[Viewer](), bytearray()
        self.replay, self._size, self._over = Replay(), (80, 24), asyncio.Event()
        self._pty, slave = os.openpty()
        try:
            self._resize(80, 24)
            os.set_blocking(self._pty, False)
            self.child = subprocess.Popen(
                # A background job of a shell ignores Ctrl-C (sh(1)), and so would all that it starts.
                ["setsid", "--ctty", "env", "--default-signal", *command],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=environment,
            )
        except OSError:
            os.close(self._pty)
            raise
        finally:
            os.close(slave)
        pace.set_niceness(pace.PLAIN, self.child.pid)
        self._alive = os.pidfd_open(self.child.pid)
        self._loop.add_reader(self._alive, self._end)
        self._left, self._is_reading, self._is_silent = READ, False, False
        self._turn: asyncio.TimerHandle | None = None
        self._skip: Skip | None = None
        self._read_if_wanted()

    # Viewers

    def attach(self, connection: socket.socket, name: str, types: bool, sizes: bool) -> None:
        """Show the terminal to one more viewer: the past, then what comes."""
        connection.setblocking(False)
        viewer = Viewer(connection, name, types, sizes)
        self._viewers.append(viewer)
        self._loop.add_reader(connection, self._hear, viewer)
        self._tell_size(viewer)
        self._show_past(viewer)
        self._tell_viewers()
        if self.replay.has_full_screen:
            self._redraw()
        self._read_if_wanted()

    def detach_all(self, wanted: Callable[[Viewer], bool]) -> None:
        """End the viewers that are `wanted`, for example those of a helper whose help is over."""
        for viewer in [each for each in self._viewers if wanted(each)]:
            self._detach(viewer)

    def _detach(self, viewer: Viewer) -> None:
        if viewer not in self._viewers:
            return
        self._viewers.remove(viewer)
        self._loop.remove_reader(viewer.connection)
        self._loop.remove_writer(viewer.connection)
        viewer.connection.close()
        if not self._over.is_set():
            self._tell_viewers()
        self._read_if_wanted()

    def _show_past(self, viewer: Viewer) -> None:
        viewer.has_missed = False
        viewer.waiting.append((b"r", b""))
        for part in self.replay.parts():
            viewer.waiting.extend((b"p", part[at : at + READ]) for at in range(0, len(part), READ))
        viewer.waiting.append((b"n", b""))
        self._send_waiting(viewer)

    def _send_waiting(self, viewer: Viewer) -> None:
        """Send what waits while the viewer draws it; go on when it takes more."""
        try:
            while viewer.waiting and not viewer.is_full:
                message = viewer.waiting[0]
                viewer.connection.sendmsg(message)
                viewer.waiting.popleft()
                viewer.note(*message)
        except BlockingIOError:
            self._loop.add_writer(viewer.connection, self._send_waiting, viewer)
            return
        except OSError:
            self._detach(viewer)
            return
        self._loop.remove_writer(viewer.connection)
        if viewer.has_missed and viewer.has_room:
            self._show_past(viewer)
        elif self._over.is_set() and not viewer.waiting:
            self._detach(viewer)
        self._read_if_wanted()

    def _tell(self, viewer: Viewer, kind: bytes, content: Any) -> None:
        viewer.waiting.append((kind, json.dumps(content).encode()))
        self._send_waiting(viewer)

    def _tell_viewers(self) -> None:
        present = [{"name": each.name, "types": each.types} for each in self._viewers]
        for viewer in list(self._viewers):
            self._tell(viewer, b"v", present)

    def _tell_size(self, viewer: Viewer) -> None:
        columns, rows = self._size
        self._tell(viewer, b"s", {"columns": columns, "rows": rows})

    # From viewers

    def _hear(self, viewer: Viewer) -> None:
        try:
            message = viewer.connection.recv(MESSAGE)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self._detach(viewer)
            return
        kind, content = message[:1], message[1:]
        with suppress(ValueError, TypeError, KeyError, RecursionError):  # a viewer may say anything
            if kind == b"i" and viewer.types:
                self._take_input(viewer, content)
            elif kind == b"a":
                viewer.drew(int(content))
                self._send_waiting(viewer)
            elif kind == b"s" and viewer.sizes:
                size = json.loads(content)
                self._take_size(viewer, int(size["columns"]), int(size["rows"]))

    def _take_size(self, viewer: Viewer, columns: int, rows: int) -> None:
        size = tuple(min(max(value, SMALLEST), LARGEST) for value in (columns, rows))
        if size == self._size:
            return
        self._resize(*size)
        for other in list(self._viewers):
            if other is not viewer:
                self._tell_size(other)

    def _resize(self, columns: int, rows: int) -> None:
        self._size = (columns, rows)
        fcntl.ioctl(self._pty, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def _redraw(self) -> None:
        """Let a full-screen program draw again: for it, the size changes twice."""
        columns, rows = self._size
        self._resize(columns, rows - 1)
        self._loop.call_later(REDRAW, self._redraw_whole, columns, rows)

    def _redraw_whole(self, columns: int, rows: int) -> None:
        if self._size == (columns, rows - 1) and self._pty >= 0:
            self._resize(columns, rows)

    def _take_input(self, viewer: Viewer, content: bytes) -> None:
        first = next(each for each in self._viewers if each.types)
        if viewer is not first and ANSWER.fullmatch(content):
            return
        self._input += content[: MOST_INPUT - len(self._input)]
        self._write_input()
        if INTERRUPTS & set(content) and self._is_flooded and self._skip is None:
            self._skip = Skip()
            self._loop.call_later(CALM, self._end_skip, 0)
            self._read_if_wanted()

    def _write_input(self) -> None:
        try:
            while self._input:
                del self._input[: os.write(self._pty, self._input[:READ])]
        except BlockingIOError:
            self._loop.add_writer(self._pty, self._write_input)
            return
        except OSError:  # the program is ending
            self._input.clear()
        self._loop.remove_writer(self._pty)

    # Output

    @property
    def _is_flooded(self) -> bool:
        """True when the program prints more than is shown."""
        return self._left <= 0 or any(not each.has_room for each in self._viewers)

    def _read_if_wanted(self) -> None:
        """Read the output while somebody draws it, or nobody looks, and this turn is not over."""
        has_reader = not self._viewers or any(each.has_room for each in self._viewers)
        is_open = self._pty >= 0 and not self._is_silent
        wanted = is_open and (self._skip is not None or (self._left > 0 and has_reader))
        if wanted and not self._is_reading:
            self._loop.add_reader(self._pty, self._read)
        elif self._is_reading and not wanted:
            self._loop.remove_reader(self._pty)
        self._is_reading = wanted

    def _take_output(self) -> bytes:
        """Return the output of the program that this turn allows: the kernel gives 4 KiB at a time.

        Raises BlockingIOError without output, OSError when no process has the terminal (pty(7)).
        """
        most = READ if self._skip else min(READ, self._left)
        parts = [os.read(self._pty, most)]
        with suppress(OSError):
            while parts[-1] and (most := most - len(parts[-1])) > 0:
                parts.append(os.read(self._pty, most))
        return b"".join(parts)

    def _read(self) -> None:
        if self._turn is None:
            self._left = self._turns.begin()
            self._turn = self._loop.call_later(pace.SECONDS, self._end_turn)
        try:
            output = self._take_output()
        except BlockingIOError:
            return
        except OSError:
            output = b""
        if not output:
            self._is_silent = True
            self._read_if_wanted()
            return
        if self._skip:
            self.replay.add(output)
            self._skip.add(output)
            return
        self._left -= len(output)
        self._show(output)
        self._read_if_wanted()

    def _end_turn(self) -> None:
        self._turns.end()
        self._left, self._turn = READ, None
        self._read_if_wanted()

    def _end_skip(self, before: int) -> None:
        """Show the end of the skipped output when no more comes, or when the program does not care."""
        skip = self._skip
        if skip is None or self._pty < 0:
            return
        if before < skip.count < MOST_SKIPPED:
            self._loop.call_later(CALM, self._end_skip, skip.count)
            return
        self._skip = None
        self._show_to_viewers(skip.end())
        self._read_if_wanted()

    def _show(self, output: bytes) -> None:
        self.replay.add(output)
        self._show_to_viewers(output)

    def _show_to_viewers(self, output: bytes) -> None:
        for viewer in list(self._viewers):
            viewer.queue(output)
            self._send_waiting(viewer)

    # The end

    async def close(self) -> None:
        """End the program as a terminal that is closed does, or by force, and all visits."""
        for number in (signal.SIGHUP, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, number)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), END_LIMIT)
        self.detach_all(lambda _: True)

    def _end(self) -> None:
        """Show the last output, and tell everybody that the program has ended."""
        self._loop.remove_reader(self._alive)
        os.close(self._alive)
        code = self.child.wait()
        with suppress(OSError):
            while output := os.read(self._pty, READ):
                self._show(output)
        if self._turn:
            self._turn.cancel()
            self._turns.end()
        self._loop.remove_reader(self._pty)
        self._loop.remove_writer(self._pty)
        os.close(self._pty)
        self._pty, self._is_reading = -1, False
        for viewer in list(self._viewers):
            viewer.waiting.append((b"e", json.dumps({"code": code}).encode()))
        self._over.set()
        for viewer in list(self._viewers):
            self._send_waiting(viewer)
        self._ended()
