"""Answer at the door: the kernel names the asker, and each request is one of few.

The uid of the asker (unix(7), SO_PEERCRED) names the student, or a front, which is a program that
speaks for any student because it has checked who they are.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sharklab.errors import InputError, SharklabError
from sharklab.hosts.door import connection, protocol, seats
from sharklab.hosts.door.rate import Rate
from sharklab.message import N_

BURST, PER_SECOND = 40, 4.0
"""Requests of one student: at once, and each second in the long run."""

MOST_AT_ONCE, MOST_OF_STUDENT = 256, 8
"""Requests that are answered at the same time: of all, and of one student, whose hosts may answer late."""

PATIENCE = 30.0
"""Seconds that an asker may take to send its request."""

CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True)
class Caller:
    """The asker: a student, or a front, which names the student in each request."""

    student: str = ""
    is_front: bool = False


@dataclass
class Reply:
    """The answer to a request, and the file descriptor that goes with it, which is closed then."""

    content: Mapping[str, Any] = field(default_factory=dict)
    handle: socket.socket | IO[bytes] | None = None


Handler = Callable[[str, Mapping[str, Any], list[int]], Reply]
"""Answers a student (the id, the request, its file descriptors). Raises SharklabError."""

ExplainError = Callable[[SharklabError, Mapping[str, Any]], str]
"""Puts an error into the language of the request."""


def connect(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
    """Answer the request "connection": a socket that is connected to a port of a host of the student's seat.

    Raises InputError for a host of another seat, MachineryError when it does not answer.
    """
    lab, host, port = text(request, "lab"), text(request, "host"), request.get("port")
    if not isinstance(port, int) or not 0 < port < 1 << 16:
        raise InputError(N_("{port!r} is not a port"), port=port)
    plan, own = seats.find(student, lab, host)
    return Reply({"lab": plan.lab.name, "host": own.name}, connection.connect(plan, own, port))


def text(request: Mapping[str, Any], name: str) -> str:
    """Return a text of a request, "" without it. Raises InputError for something else."""
    value = request.get(name, "")
    if not isinstance(value, str):
        raise InputError(N_("{name} is not a text"), name=name)
    return value


class Open:
    """Counts the requests of each student that are being answered."""

    def __init__(self, most: int) -> None:
        self._most, self._counts, self._lock = most, Counter[str](), threading.Lock()

    @contextmanager
    def one_more(self, student: str) -> Iterator[None]:
        """Count one during the block. Raises InputError when the student has as many as one may have."""
        with self._lock:
            if self._counts[student] >= self._most:
                raise InputError(N_("too many requests"), hint=N_("wait a minute"))
            self._counts[student] += 1
        try:
            yield
        finally:
            with self._lock:
                self._counts[student] -= 1


class Door:
    """The door: a listening socket, who may ask, and what they may ask for."""

    def __init__(
        self,
        who: Callable[[int], Caller | None],
        handlers: Mapping[str, Handler],
        explain: ExplainError,
        note: Callable[[str], None],
        most_of_student: int = MOST_OF_STUDENT,
    ) -> None:
        """`who` tells the caller of a uid; `explain` puts an error into words; `note` writes into a log."""
        self._who, self._handlers, self._explain, self._note = who, handlers, explain, note
        self._rate, self._open = Rate(BURST, PER_SECOND), Open(most_of_student)
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def serve(self, listener: socket.socket) -> None:
        """Answer until the listening socket is closed."""
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            self._places.acquire()
            threading.Thread(target=self._answer, args=(caller,), daemon=True).start()

    def _answer(self, caller: socket.socket) -> None:
        handles: list[int] = []
        try:
            with caller, suppress(protocol.BrokenTalk, OSError):
                caller.settimeout(PATIENCE)
                asker = self._who(uid_of(caller))
                if asker is None:
                    self._note(f"refused: uid {uid_of(caller)} may not ask")
                    return
                request, handles = protocol.receive(caller)
                answer = self._decide(asker, request, handles)
                with answer.handle or nullcontext() as given:
                    protocol.send(caller, dict(answer.content), (given.fileno(),) if given else ())
        finally:
            protocol.close(handles)
            self._places.release()

    def _decide(self, asker: Caller, request: Mapping[str, Any], handles: list[int]) -> Reply:
        try:
            student = text(request, "student") if asker.is_front else asker.student
            handler = self._handlers.get(text(request, "want"))
            if handler is None or not student:
                raise InputError(N_("the door does not know this request"))
            if not self._rate.allows(student):
                raise InputError(N_("too many requests"), hint=N_("wait a minute"))
            with self._open.one_more(student):
                return handler(student, request, handles)
        except SharklabError as error:
            self._note(f"refused: {asker.student or 'front'} {error.message}")
            return Reply({"error": self._explain(error, request)})
        except Exception as error:  # one request never ends the door
            self._note(f"fault: {error!r}")
            return Reply({"error": f"sharklab: {type(error).__name__}"})


def uid_of(connection: socket.socket) -> int:
    """Return the uid of the process at the other end of a Unix socket."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(raw)[1])


def listen(path: Path) -> socket.socket:
    """Return a listening socket at `path`, for every user: the door decides by uid.

    The name may be longer than a socket's address: its folder is named by a descriptor.
    """
    path.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_PATH)
    try:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        path.chmod(0o666)
        listener.listen(128)
    finally:
        os.close(folder)
    return listener
