"""The words of the door: one JSON object each way over a Unix socket, and file descriptors beside the answer.

This file imports nothing of sharklab: programs inside the gateway's jail run a copy of it.
"""

from __future__ import annotations

import json
import socket
from typing import Any

LARGEST = 1 << 20
"""Bytes of one request or answer."""

MOST_HANDLES = 2
PATIENCE = 120.0
"""Seconds that an asker waits for the answer."""


class BrokenTalk(Exception):
    """The other end sent no JSON object, or more than `LARGEST` bytes, or nothing in time."""


def send(connection: socket.socket, content: dict[str, Any], handles: tuple[int, ...] = ()) -> None:
    """Send an object; `handles` are file descriptors for the receiver (unix(7), SCM_RIGHTS).

    Raises OSError when the other end is gone.
    """
    line = json.dumps(content).encode() + b"\n"
    sent = socket.send_fds(connection, [line], list(handles)) if handles else 0
    if rest := line[sent:]:
        connection.sendall(rest)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return the object that comes next, and its file descriptors.

    Raises BrokenTalk; descriptors that came are closed then.
    """
    data, handles = b"", []
    try:
        while not data.endswith(b"\n"):
            part, more, _flags, _address = socket.recv_fds(connection, 1 << 16, MOST_HANDLES)
            handles += more
            data += part
            if not part or len(data) > LARGEST or len(handles) > MOST_HANDLES:
                raise BrokenTalk("no whole line")
        content = json.loads(data)
        if not isinstance(content, dict):
            raise BrokenTalk("no object")
    except (OSError, ValueError, RecursionError, BrokenTalk) as error:
        close(handles)
        raise BrokenTalk(str(error)) from error
    return content, handles


def close(handles: list[int]) -> None:
    """Close file descriptors."""
    for handle in handles:
        socket.close(handle)


def ask(
    path: str, request: dict[str, Any], handles: tuple[int, ...] = (), patience: float = PATIENCE
) -> tuple[dict[str, Any], list[int]]:
    """Return the answer of the door at `path` to a request, and its file descriptors.

    `patience` is in seconds. Raises BrokenTalk, also when no door is there.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        try:
            connection.connect(path)
            send(connection, request, handles)
        except OSError as error:
            raise BrokenTalk(str(error)) from error
        return receive(connection)
