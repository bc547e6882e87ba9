"""The processes of an SSH connection."""

from __future__ import annotations

import os
import signal

import pytest

from sharklab.hosts.agent import sessions

PARENTS = {1: 0, 10: 1, 20: 10, 21: 20, 22: 21, 30: 20, 31: 30, 40: 10}
"""1 is the first process, 10 the server, 20 this connection with 22 as this process, 40 another."""
NAMES = {10: "sshd", 20: "sshd-session", 21: "sh", 22: "python3", 30: "sh", 31: "apt", 40: "sshd-session"}


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect the processes that get a signal, on a computer with these processes."""
    found: list[int] = []
    monkeypatch.setattr(sessions, "_parents", lambda: PARENTS)
    monkeypatch.setattr(sessions, "_name", lambda pid: NAMES.get(pid, ""))
    monkeypatch.setattr(os, "getpid", lambda: 22)

    def kill(pid: int, number: int) -> None:
        assert signal.SIGKILL == number
        found.append(pid)
        raise ProcessLookupError  # it ended meanwhile

    monkeypatch.setattr(os, "kill", kill)
    return found


def test_end_others_spares_the_way_to_this_process(killed: list[int]) -> None:
    """Those of another connection stay, and so does the connection itself."""
    sessions.end_others()
    assert [30, 31] == killed


def test_end_others_without_a_connection_ends_nothing(
    killed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that was not started over SSH has no others."""
    monkeypatch.setattr(sessions, "_name", lambda pid: "sh")
    sessions.end_others()
    assert [] == killed


def test_parents_have_this_process() -> None:
    """As proc(5) shows it."""
    assert os.getppid() == sessions._parents()[os.getpid()]
    assert [os.getpid(), os.getppid()] == sessions._chain(os.getpid(), sessions._parents())[:2]
