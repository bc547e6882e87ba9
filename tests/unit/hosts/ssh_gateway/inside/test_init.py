"""The first program of the jail: whose connection is forwarded, and how many there may be."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sharklab.hosts.door import protocol
from sharklab.hosts.ssh_gateway.inside import init


def test_the_kernel_tells_who_made_a_connection() -> None:
    """Ours is made by our own user."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as own,
    ):
        assert os.geteuid() == init.uid_of(own.getsockname(), init.SOCKETS.read_text())
    assert -1 == init.uid_of(("127.0.0.1", 1), init.SOCKETS.read_text().splitlines()[0])


class Forwarded:
    """A connection that was made for a student and led to the relay, for port 80 of 127.2.0.1."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        lists = {"students": {str(os.geteuid()): "alice"}, "hosts": {"127.2.0.1": ["tp4", "server"]}}
        (place / "relay.json").write_text(json.dumps(lists))
        monkeypatch.setattr(init, "LISTS", place)
        self.asked: list[dict[str, Any]] = []
        self.counts: Counter[int] = Counter()
        self.host, self.given = socket.socketpair()
        monkeypatch.setattr(protocol, "ask", self._ask)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.student = socket.create_connection(listener.getsockname(), timeout=60)
            self.connection, self.peer = listener.accept()

    def relay(self, is_known: bool = True) -> None:
        """Relay until it ends; without is_known, the door refuses."""
        self.is_known = is_known
        init.relay(Redirected(fileno=self.connection.detach()), self.peer, self.counts)

    def _ask(self, path: str, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        self.asked.append(request)
        return ({}, [self.given.detach()]) if self.is_known else ({"error": "no"}, [])


class Redirected(socket.socket):
    """A socket that the firewall led away from port 80 of 127.2.0.1."""

    def getsockopt(self, level: int, option: int, size: int = 0) -> Any:
        """Return the original destination (sockaddr_in)."""
        assert (socket.SOL_IP, init.ORIGINAL_DESTINATION) == (level, option)
        return struct.pack("!2xH4s8x", 80, socket.inet_aton("127.2.0.1"))


def test_bytes_go_both_ways_until_both_ends_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The door is told the student whom the kernel named, and the host of the address."""
    own = Forwarded(tmp_path, monkeypatch)
    working = threading.Thread(target=own.relay)
    working.start()
    with own.student, own.host:
        own.student.sendall(b"question")
        own.student.shutdown(socket.SHUT_WR)
        assert b"question" == b"".join(iter(lambda: own.host.recv(100), b""))
        own.host.sendall(b"answer")
        own.host.shutdown(socket.SHUT_WR)
        assert b"answer" == b"".join(iter(lambda: own.student.recv(100), b""))
    working.join(60)
    assert not working.is_alive()
    wanted = {"want": "forward", "student": "alice", "lab": "tp4", "host": "server", "port": 80}
    assert [wanted] == own.asked


def test_a_refused_connection_is_reset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The student's program sees an error, and no empty answer."""
    own = Forwarded(tmp_path, monkeypatch)
    own.relay(is_known=False)
    with own.student, own.host, own.given, pytest.raises(ConnectionResetError):
        own.student.recv(1)


def test_a_student_has_few_forwarded_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who opens more leaves the others theirs; those that ended do not count."""
    own = Forwarded(tmp_path, monkeypatch)
    own.counts[os.geteuid()] = init.MOST_FORWARDED
    own.relay()
    with own.student, own.host, own.given, pytest.raises(ConnectionResetError):
        own.student.recv(1)
    assert [] == own.asked and init.MOST_FORWARDED == own.counts[os.geteuid()]


def test_connections_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all, and of one address; one that ended does not count."""
    monkeypatch.setattr(init, "MOST", 3)
    monkeypatch.setattr(init, "MOST_OF_ADDRESS", 2)
    running, children = init.Running(), []
    for address in ("a", "a", "b"):
        assert running.room(address)
        children.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        running.add(children[-1], address)
        assert not running.room("a") or address != "a" or len(children) < 2
    assert not running.room("c")
    children[0].communicate(b"\n")
    assert running.room("a") and running.room("c")
    for child in children[1:]:
        child.communicate(b"\n")
