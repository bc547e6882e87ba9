"""QMP against a QEMU that answers by a script."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.providers.qemu.monitor import Monitor
from tests.support.errors import error_of


def monitored(tmp_path: Path, *answers: object, heard: list[tuple[str, list[int]]] | None = None) -> Path:
    """Return the socket of a monitor that greets, and then gives one answer to each command.

    Commands, and the files that came with them, are added to `heard`.
    """
    file = tmp_path / "qmp"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(file))
    server.listen()

    def serve() -> None:
        with server, server.accept()[0] as peer:
            peer.sendall(b'{"QMP": {}}\n')
            for answer in ({"return": {}}, *answers):
                line, files, _, _ = socket.recv_fds(peer, 4096, 4)
                if heard is not None and line:
                    heard.append((json.loads(line)["execute"], files))
                peer.sendall((json.dumps({"event": "RESUME"}) + "\n" + json.dumps(answer) + "\n").encode())

    threading.Thread(target=serve, daemon=True).start()
    return file


def test_monitor_takes_answers_and_leaves_events(tmp_path: Path) -> None:
    """What QEMU tells unasked is no answer."""
    with Monitor(monitored(tmp_path, {"return": {"status": "running"}})) as own_monitor:
        assert {"status": "running"} == own_monitor.ask("query-status")


def test_monitor_that_refuses(tmp_path: Path) -> None:
    """What QEMU refuses is an error with its own words."""
    file = monitored(tmp_path, {"error": {"desc": "no such thing"}})
    with Monitor(file) as own_monitor:
        error = error_of(MachineryError, own_monitor.ask, "blow-up")
    assert {"command": "blow-up", "reason": "no such thing"} == error.values


def test_monitor_of_a_qemu_that_is_gone(tmp_path: Path) -> None:
    """So is one that has ended, before or in the middle of a talk."""
    assert str(tmp_path / "nothing") == error_of(MachineryError, Monitor, tmp_path / "nothing").place
    with (
        Monitor(monitored(tmp_path)) as own_monitor,
        pytest.raises(MachineryError),
    ):
        own_monitor.ask("query-status")


def test_migrate_that_fails(tmp_path: Path) -> None:
    """A state that cannot be taken is told at once."""
    file = monitored(tmp_path, *[{"return": {}}] * 3, {"return": {"status": "failed"}})
    (tmp_path / "devices").touch()
    with Monitor(file) as own_monitor:
        error = error_of(MachineryError, own_monitor.restore, tmp_path / "devices")
    assert "failed" == error.values["status"]


def test_save_hands_the_open_file_over(tmp_path: Path) -> None:
    """QEMU, which may not open it itself, is given the file along with the command that names it."""
    done = {"return": {"status": "completed"}}
    heard: list[tuple[str, list[int]]] = []
    file = monitored(tmp_path, *[{"return": {}}] * 3, done, heard=heard)
    with Monitor(file) as own_monitor:
        own_monitor.save(tmp_path / "devices")
    given = {command: len(files) for command, files in heard}
    expected = {"qmp_capabilities": 0, "migrate-set-capabilities": 0, "getfd": 1, "migrate": 0}
    assert {**expected, "query-migrate": 0} == given
    [written] = [files[0] for _, files in heard if files]
    with os.fdopen(written, "wb") as target:
        target.write(b"state")
    assert b"state" == (tmp_path / "devices").read_bytes()
