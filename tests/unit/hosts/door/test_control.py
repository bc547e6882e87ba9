"""The process that keeps terminals: started once, found again, and told about when it does not begin."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from sharklab.errors import Busy, MachineryError
from sharklab.hosts.door import control, protocol, server
from sharklab.hosts.providers import cgroups
from tests.support.errors import error_of

PROGRAM = """
import socket, sys, time
from sharklab import state
from sharklab.hosts.door import control
with state.lock(control.lock_file(), control.WHAT):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(control.make_door_folder() / "socket"))
        listener.listen()
        listener.accept()
        listener.accept()
"""


@pytest.fixture(autouse=True)
def place(own_state: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the door in a folder of the test, and start processes without a control group."""
    monkeypatch.setattr(control, "RUN", tmp_path)
    monkeypatch.setattr(cgroups, "launcher", lambda unit: ["env", f"T={tmp_path}"])
    monkeypatch.setattr(cgroups, "end", lambda unit: None)


def test_process_is_started_once() -> None:
    """The second start finds it."""
    program = PROGRAM.replace(
        "with state.lock", "import os, pathlib\ncontrol.RUN = pathlib.Path(os.environ['T'])\nwith state.lock"
    )
    found = control.start([sys.executable, "-c", program], 7)
    pid = control.lock_file().read_text()
    assert found == control.start(["false"], 7) == control.door_folder() / "socket"
    assert pid.split()[0] == control.lock_file().read_text().split()[0]
    os.kill(int(pid.split()[0]), 9)


def test_process_that_does_not_begin_is_told_with_its_words() -> None:
    """Those at the end of its log."""
    error = error_of(MachineryError, control.start, ["sh", "-c", "echo broken for $0 >&2; exit 3"], 7)
    assert "broken for 7" == error.values["said"] and str(control.log_file()) == error.place


def test_workbench_is_known_while_it_is_served() -> None:
    """A second one is refused."""
    assert not control.is_served()
    with control.keep_alive():
        assert control.is_served()
        error_of(Busy, control.keep_alive().__enter__)
    assert not control.is_served()


def test_visits_end_where_terminals_are_kept() -> None:
    """The process with the terminals is asked; without one there are no visits."""
    control.end_visits("mylab", "alice")
    asked = []

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(protocol.receive(connection)[0])
            protocol.send(connection, {})

    with server.listen(control.make_door_folder() / control.SOCKET) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        control.end_visits("mylab", "alice")
        thread.join()
    assert [{"want": "end visits", "lab": "mylab", "student": "alice"}] == asked
