"""The words of the door: whole objects, their descriptors, and other ends that misbehave."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sharklab.hosts.door import protocol


def test_an_object_and_its_descriptor_arrive() -> None:
    """The receiver reads from the very file that the sender opened."""
    ours, theirs = socket.socketpair()
    reader, writer = os.pipe()
    with ours, theirs:
        protocol.send(ours, {"want": "connection"}, (writer,))
        content, handles = protocol.receive(theirs)
    os.write(handles[0], b"through")
    protocol.close([*handles, writer])
    assert {"want": "connection"} == content and b"through" == os.read(reader, 10)
    os.close(reader)


@pytest.mark.parametrize("sent", [b"", b"{", b"[]\n", b"{]\n", b"\xff\n", b"[" * 100_000 + b"\n"])
def test_what_is_no_object_is_refused(sent: bytes) -> None:
    """Also the end of the connection, and JSON that is nested too deep."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(60)
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(protocol.BrokenTalk):
            protocol.receive(theirs)


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without an end fills no memory."""
    monkeypatch.setattr(protocol, "LARGEST", 10)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"x" * 11)
        with pytest.raises(protocol.BrokenTalk):
            protocol.receive(theirs)


def test_descriptors_of_a_broken_talk_are_closed() -> None:
    """An asker cannot fill the table of open files."""
    ours, theirs = socket.socketpair()
    reader, writer = os.pipe()
    with ours, theirs:
        socket.send_fds(ours, [b"nonsense\n"], [writer])
        os.close(writer)
        with pytest.raises(protocol.BrokenTalk):
            protocol.receive(theirs)
    assert b"" == os.read(reader, 1), "somebody still has the other end"
    os.close(reader)


def test_no_door_is_a_broken_talk(tmp_path: Path) -> None:
    """The gateway may have ended."""
    with pytest.raises(protocol.BrokenTalk):
        protocol.ask(str(tmp_path / "door"), {})


def test_more_descriptors_than_a_request_has_are_refused() -> None:
    """Piece by piece, before the line ends: they would fill the table of open files of root's process."""
    ours, theirs = socket.socketpair()
    reader, writer = os.pipe()
    with ours, theirs:
        for _ in range(protocol.MOST_HANDLES):
            socket.send_fds(ours, [b" "], [writer, writer])
        os.close(writer)
        ours.sendall(b"{}\n")
        with pytest.raises(protocol.BrokenTalk):
            protocol.receive(theirs)
    assert b"" == os.read(reader, 1), "somebody still has the other end"
    os.close(reader)
