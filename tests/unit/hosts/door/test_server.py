"""The door: the kernel tells who asks, and each request is one of few."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sharklab.errors import InputError
from sharklab.hosts.door import protocol, server
from sharklab.hosts.door.server import Caller, Door, Reply
from tests.support.errors import error_of


class Opened:
    """A door on a socket, with the callers that it knows and the lines of its log."""

    def __init__(self, place: Path) -> None:
        self.path = place / ("long" * 30) / "socket"
        self.path.parent.mkdir()
        self.callers: dict[int, Caller] = {}
        self.log: list[str] = []
        handlers = {"connection": server.connect, "echo": echo, "break": break_down}
        self.door = Door(self.callers.get, handlers, lambda error, request: str(error), self.log.append)

    def ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        """Ask at the door, whose name is longer than the address of a socket may be."""
        folder = os.open(self.path.parent, os.O_PATH)
        try:
            return protocol.ask(f"/proc/self/fd/{folder}/socket", request, patience=20)
        finally:
            os.close(folder)


def echo(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
    """Answer with the student and a socket."""
    ours, theirs = socket.socketpair()
    ours.sendall(b"hello")
    ours.close()
    return Reply({"student": student}, theirs)


def break_down(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
    """Have a fault."""
    raise RuntimeError("a fault")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Open a door for this process's own user."""
    own = Opened(tmp_path)
    with server.listen(own.path) as listener:
        threading.Thread(target=own.door.serve, args=(listener,), daemon=True).start()
        yield own
        listener.shutdown(socket.SHUT_RDWR)


def test_a_student_is_who_the_kernel_says(opened: Opened) -> None:
    """What the request says of its student does not count, and a socket comes with the answer."""
    opened.callers[os.geteuid()] = Caller("alice")
    answer, handles = opened.ask({"want": "echo", "student": "bob"})
    with socket.socket(fileno=handles[0]) as given:
        assert {"student": "alice"} == answer and b"hello" == given.recv(10)


def test_a_front_names_the_student(opened: Opened) -> None:
    """It has checked who they are; without a name it gets nothing."""
    opened.callers[os.geteuid()] = Caller(is_front=True)
    answer, handles = opened.ask({"want": "echo", "student": "bob"})
    protocol.close(handles)
    assert {"student": "bob"} == answer
    assert "error" in opened.ask({"want": "echo"})[0]


def test_a_stranger_gets_no_answer(opened: Opened) -> None:
    """The log names the uid."""
    with pytest.raises(protocol.BrokenTalk):
        opened.ask({"want": "echo"})
    assert str(os.geteuid()) in opened.log[0]


@pytest.mark.parametrize("request_", [{}, {"want": "shell"}, {"want": 7}, {"want": "break"}])
def test_another_request_is_an_error_and_the_door_goes_on(opened: Opened, request_: dict[str, Any]) -> None:
    """So is a fault of ours."""
    opened.callers[os.geteuid()] = Caller("alice")
    assert ["error"] == list(opened.ask(request_)[0])
    answer, handles = opened.ask({"want": "echo"})
    protocol.close(handles)
    assert opened.log and {"student": "alice"} == answer


def test_too_many_requests_are_refused(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """One student cannot keep the door busy."""
    opened.callers[os.geteuid()] = Caller("alice")
    monkeypatch.setattr(opened.door._rate, "allows", lambda name: False)
    assert "error" in opened.ask({"want": "echo"})[0]


def test_a_student_has_few_requests_at_once() -> None:
    """Hosts that answer late do not keep the door from others."""
    opened = server.Open(1)
    with (
        opened.one_more("alice"),
        opened.one_more("bob"),
        pytest.raises(InputError),
        opened.one_more("alice"),
    ):
        pass
    with opened.one_more("alice"):
        pass


@pytest.mark.parametrize("port", [0, -1, 65536, "22", None, 22.0])
def test_a_port_is_a_port(port: object) -> None:
    """Nothing is asked of a seat before."""
    assert port == error_of(InputError, server.connect, "alice", {"port": port}, []).values["port"]
