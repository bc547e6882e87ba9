"""Decode a recording while it grows, at the door: tshark in its box, fed with the file by a thread.

tshark needs 0.3 s of a processor before it reads. So the page asks for the decoder of the next
recording first, and tshark starts while tcpdump does. An empty line before the first row says that tshark
reads: it has taken the head of the file.
"""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

from sharklab.errors import InputError
from sharklab.evidence.packets import display_filter, live_rows
from sharklab.evidence.packets.growing import Splitter
from sharklab.hosts.door import pace
from sharklab.hosts.door.recordings import LONGEST_FILTER, RecordedPlace, Recordings, Shown
from sharklab.hosts.door.server import Handler, Reply, text
from sharklab.hosts.door.workbench import place_of
from sharklab.message import N_

PIECE = 256 << 10
BUSY, IDLE = 20, 40
"""Milliseconds between two looks whether the file has grown: while packets come, and else."""

STEP = 5
"""Milliseconds between two looks whether tshark has taken the head of the file."""

CALM = 100
"""Looks without a packet after which the file counts as idle."""

MOST = 40
"""Decoders at once: each has up to 160 MiB."""


def handler(recordings: Recordings) -> Handler:
    """Return the answer to the request "decode": a stream of rows of the last recording of a host.

    With "next", it is the recording that comes after the last one.
    """
    places = threading.BoundedSemaphore(MOST)

    def decode(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        place, display = place_of(student, request), text(request, "display").strip()
        check(display)
        shown, is_next = recordings.look(place), request.get("next") is True
        if not is_next:
            recordings.open(place).close()
        if not places.acquire(blocking=False):
            raise InputError(N_("too many packets are shown at once"), hint=N_("wait a minute"))
        ours, theirs = socket.socketpair()
        before = (shown.id if shown else 0) if is_next else None
        work = (recordings, place, before, ours, display, places)
        threading.Thread(target=feed, args=work, daemon=True).start()
        return Reply({}, theirs)

    return decode


def check(display: str) -> None:
    """Raise InputError when `display` is neither empty nor a display filter of Wireshark."""
    if len(display) > LONGEST_FILTER or not display.isprintable():
        raise InputError(
            N_("a filter is one line of at most {most} characters"), place="filter", most=LONGEST_FILTER
        )
    if display:
        display_filter.check(display)


def feed(
    recordings: Recordings,
    place: RecordedPlace,
    before: int | None,
    target: socket.socket,
    display: str,
    places: threading.BoundedSemaphore,
) -> None:
    """Give a decoder what the file gets, until the recording or the reader of `target` ends.

    The recording is the last one of the host; if `before` is a number, the one after that.
    """
    reader = select.poll()
    reader.register(target, 0)  # POLLERR and POLLHUP are always told (poll(2))
    try:
        with target:
            child = subprocess.Popen(
                live_rows.command(display),
                stdin=subprocess.PIPE,
                stdout=target.fileno(),
                stderr=subprocess.DEVNULL,
                env=dict(live_rows.environment()),
            )
            pace.set_niceness(pace.PLAIN, child.pid)
            with suppress(OSError, InputError):
                _wait_for(recordings, place, before, reader)
                with recordings.open(place) as file:
                    shown = recordings.look(place)

                    def is_over() -> bool:
                        return _is_over(recordings, place, shown)

                    if _give_head(file, child, reader, is_over):
                        target.sendall(b"\n")
                    _copy(file, child, reader, is_over)
            with suppress(OSError):
                if child.stdin:
                    child.stdin.close()
            if reader.poll(0):
                child.kill()
            child.wait()
    finally:
        places.release()


def _wait_for(recordings: Recordings, place: RecordedPlace, before: int | None, reader: select.poll) -> None:
    """Return when the recording after that of the id `before` is there, or the reader has ended."""
    while before is not None and not reader.poll(BUSY):
        now = recordings.look(place)
        if now and now.id > before:
            return


def _give_head(
    file: IO[bytes], child: subprocess.Popen[bytes], reader: select.poll, is_over: Callable[[], bool]
) -> bool:
    """Give the decoder the head of the file, and tell whether it has taken it."""
    while not (head := file.read(Splitter.HEADER)):
        if is_over() or reader.poll(STEP):
            return False
    if not child.stdin:
        return False
    child.stdin.write(head)
    child.stdin.flush()
    while _unread(child.stdin) and child.poll() is None:
        if reader.poll(STEP):
            return False
    return True


def _unread(pipe: IO[bytes]) -> int:
    """Return the bytes of a pipe that its reader has not taken yet (FIONREAD, pipe(7))."""
    count: int = struct.unpack("i", fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4)))[0]
    return count


def _copy(
    file: IO[bytes], child: subprocess.Popen[bytes], reader: select.poll, is_over: Callable[[], bool]
) -> None:
    """Copy the file as it grows, until it is over, or the decoder or its reader has ended."""
    calm = 0
    while child.stdin and child.poll() is None:
        was_over = is_over()
        piece = file.read(PIECE)
        if piece:
            child.stdin.write(piece)
            child.stdin.flush()
            calm = 0
        elif was_over:
            return
        calm += not piece
        if reader.poll(0 if piece else BUSY if calm < CALM else IDLE):
            return


def _is_over(recordings: Recordings, place: RecordedPlace, shown: Shown | None) -> bool:
    """Tell whether the recording that was decoded has ended, or another one has taken its place."""
    now = recordings.look(place)
    return now is None or shown is None or now.id != shown.id or bool(now.end)
