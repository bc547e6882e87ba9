"""The ssh inside the jail gets a connected socket from the door."""

from __future__ import annotations

import os
import socket
import sys
from types import SimpleNamespace

import pytest

from sharklab.hosts.door import protocol
from sharklab.hosts.ssh_gateway.inside import tunnel_door


@pytest.fixture(autouse=True)
def arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line name port 22 of a host."""
    monkeypatch.setattr(sys, "argv", ["tunnel_door.py", "tp4", "client", "22"])


def test_the_connection_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the door opened is what ssh gets: it is at the other end of standard output."""
    asked: list[dict[str, object]] = []
    reader, writer = os.pipe()
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(fileno=theirs.fileno))

    def ask(place: str, request: dict[str, object]) -> tuple[dict[str, object], list[int]]:
        asked.append(request)
        return {}, [reader]

    monkeypatch.setattr(protocol, "ask", ask)
    assert 0 == tunnel_door.main()
    _, [handle], _, _ = socket.recv_fds(ours, 1, 1)
    os.write(writer, b"packets")
    assert b"packets" == os.read(handle, 9)
    for each in (reader, writer, handle):
        os.close(each)
    ours.close()
    theirs.close()
    assert [{"want": "connection", "lab": "tp4", "host": "client", "port": 22}] == asked


@pytest.mark.parametrize("broken", [True, False])
def test_a_refusal_is_told(
    broken: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when the gateway has ended meanwhile."""

    def ask(place: str, request: dict[str, object]) -> tuple[dict[str, object], list[int]]:
        if broken:
            raise protocol.BrokenTalk("ended")
        return {"error": "the seat is not up"}, []

    monkeypatch.setattr(protocol, "ask", ask)
    assert 1 == tunnel_door.main()
    assert ("ended" if broken else "the seat is not up") in capsys.readouterr().err
