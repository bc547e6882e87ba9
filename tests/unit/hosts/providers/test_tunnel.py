"""The connection that is handed to ssh: found, refused, and waited for."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from sharklab.hosts.providers import tunnel


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    """Return a socket that has a port of this computer, and does not listen there yet."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        yield server


def test_connect_without_patience_fails_at_once(
    bound: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port on which nothing listens is refused, and there is no pause."""
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waited"))
    with pytest.raises(ConnectionRefusedError):
        tunnel.connect("127.0.0.1", bound.getsockname()[1], patience=0.0)


def test_connect_tries_again_while_the_host_boots(
    bound: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host listens after the first attempt; the connection then has no time limit."""
    monkeypatch.setattr(time, "sleep", lambda _: bound.listen())
    with tunnel.connect("127.0.0.1", bound.getsockname()[1], patience=600.0) as connection:
        assert connection.gettimeout() is None
        peer, _ = bound.accept()
        peer.sendall(b"SSH-2.0-x")
        peer.close()
        assert b"SSH-2.0-x" == connection.recv(100)


def run(port: int, standard_output: socket.socket) -> subprocess.CompletedProcess[str]:
    """Run the program as ssh does: isolated, with a socket as its standard output."""
    argv = [sys.executable, "-I", "-S", tunnel.__file__, "127.0.0.1", str(port)]
    return subprocess.run(argv, stdout=standard_output.fileno(), stderr=subprocess.PIPE, text=True)


def test_program_hands_over_the_connected_socket(bound: socket.socket) -> None:
    """ssh gets the socket itself (ProxyUseFdpass), and the program ends."""
    bound.listen()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert 0 == run(bound.getsockname()[1], theirs).returncode
        _, [descriptor], _, _ = socket.recv_fds(ours, 1, 1)
        with socket.socket(fileno=descriptor) as connection, bound.accept()[0] as peer:
            assert connection.getsockname() == peer.getpeername()


def test_program_says_which_port_it_could_not_reach(bound: socket.socket) -> None:
    """ssh shows the line to the user."""
    port = bound.getsockname()[1]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = run(port, theirs)
    assert (1, f"127.0.0.1 port {port}") == (done.returncode, done.stderr.partition(": ")[0])
