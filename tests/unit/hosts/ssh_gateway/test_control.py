"""Start and stop: a gateway is known by the lock that its supervisor holds."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sharklab.errors import Busy, InputError, MachineryError
from sharklab.hosts.providers import cgroups
from sharklab.hosts.ssh_gateway import control, jail, students
from sharklab.hosts.ssh_gateway.supervisor import Where
from tests.support.errors import error_of

SUPERVISOR = """
import socket, sys
from sharklab import state
from sharklab.hosts.ssh_gateway import control
with state.lock(control.lock_file(), control.WHAT):
    listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
    while True:
        with listener.accept()[0] as connection:
            connection.sendall(b"SSH-2.0-test\\r\\n")
"""
COMMAND = (sys.executable, "-c", SUPERVISOR)


@pytest.fixture
def port(own_state: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return a free port, in a state whose gateway is stopped at the end, without control groups."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def note(*words: object, **options: object) -> subprocess.Popen[bytes]:
        child = popen(*words, **options)  # type: ignore[call-overload]
        started.append(child)
        return started[-1]

    def end(unit: str) -> None:
        while started:
            started[-1].kill()
            started.pop().wait()

    monkeypatch.setattr(subprocess, "Popen", note)
    monkeypatch.setattr(cgroups, "launcher", lambda unit: [])
    monkeypatch.setattr(cgroups, "end", end)
    monkeypatch.setattr(control, "fingerprint", lambda: "SHA256:x")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        own = probe.getsockname()[1]
    yield own
    end("")


def test_start_is_idempotent_and_stop_too(port: int) -> None:
    """Without words it is where it was before."""
    assert control.status() is None and not control.stop()
    first, is_new = control.start("127.0.0.1", port, COMMAND)
    assert is_new and Where("127.0.0.1", port) == first.where
    again, is_new = control.start(None, None, COMMAND)
    assert not is_new and first == again == control.status()
    assert first.where == error_of(InputError, control.start, None, port + 1, COMMAND).values["where"]
    assert control.stop() and control.status() is None
    assert (first.where, True) == (control.start(None, None, COMMAND)[0].where, True)


def test_the_port_for_logins_is_known_before_the_first_start_and_after_it(port: int) -> None:
    """Messages for students name it."""
    assert control.PORT == control.read_port()
    control.start("127.0.0.1", port, COMMAND)
    control.stop()
    assert port == control.read_port()


def test_a_gateway_that_does_not_begin_says_why(port: int) -> None:
    """By the last lines of its log."""
    words = (sys.executable, "-c", "raise SystemExit('no such address')")
    error = error_of(MachineryError, control.start, "127.0.0.1", port, words)
    assert ("no such address", str(control.log_file())) == (error.values["said"], error.place)
    assert 0o600 == control.log_file().stat().st_mode & 0o777


def test_two_instructors_do_not_start_at_once(port: int) -> None:
    """The second is told."""
    from sharklab import state

    with state.lock(students.folder() / "starting", control.WHAT):
        error_of(Busy, control.start, "127.0.0.1", port, COMMAND)


@pytest.mark.usefixtures("own_state")
def test_the_host_key_has_a_fingerprint_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The jail has a copy that its root alone may read; the other files are for everybody in the jail."""
    assert "" == control.fingerprint()
    owners: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: owners.append((uid, gid)))
    jail.prepare()
    first = control.fingerprint()
    jail.prepare()
    assert first == control.fingerprint() and first.startswith("SHA256:")
    assert {(jail.BASE, jail.BASE)} == set(owners)
    modes = {path.name: path.stat().st_mode & 0o777 for path in jail.folder().rglob("*") if path.is_file()}
    assert 0o600 == modes.pop("host_key") and {0o644} == set(modes.values())
