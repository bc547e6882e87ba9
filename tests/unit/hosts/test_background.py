"""Processes that outlive the command: started when they answer, else told with the end of their log."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts import background
from sharklab.hosts.providers import cgroups
from sharklab.message import Message
from tests.support.errors import error_of

ended: list[str] = []


@pytest.fixture(autouse=True)
def without_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start processes without a control group, and note the groups that are ended."""
    ended.clear()
    monkeypatch.setattr(cgroups, "launcher", lambda unit: [])
    monkeypatch.setattr(cgroups, "end", ended.append)


def test_start_returns_when_the_process_answers(tmp_path: Path) -> None:
    """Its words are in the log, which is its owner's alone, after those of an earlier one."""
    log, pid = tmp_path / "log", tmp_path / "pid"
    log.write_text("earlier\n")
    script = f"echo said; echo $$ >{pid}.new; mv {pid}.new {pid}; exec sleep 60"
    background.start("sl-x", ["sh", "-c", script], log, pid.exists, 30, "{said}")
    os.kill(int(pid.read_text()), signal.SIGKILL)
    assert ("earlier\nsaid\n", 0o600, []) == (log.read_text(), log.stat().st_mode & 0o777, ended)


def test_a_process_that_does_not_begin_is_told(tmp_path: Path) -> None:
    """By its own last words, not by those of an earlier one; a log that is too large begins anew."""
    log = tmp_path / "log"
    log.write_bytes(b"x" * (background.LARGEST_LOG + 1))
    words = (["sh", "-c", "echo broken >&2; exit 3"], log, lambda: False, 30.0, "no: {said}")
    error = error_of(MachineryError, background.start, "sl-x", *words)
    assert ("broken", str(log), ["sl-x*"]) == (error.values["said"], error.place, ended)
    assert "broken\n" == log.read_text() and log.with_name("log.1").exists()


def test_a_process_that_says_nothing_is_told_by_its_time(tmp_path: Path) -> None:
    """It is alive, and has no words."""
    words = (["sleep", "60"], tmp_path / "log", lambda: False, 0.0, "no: {said}")
    error = error_of(MachineryError, background.start, "sl-x", *words)
    assert Message("no answer within {seconds:g} s", {"seconds": 0.0}) == error.values["said"]


def test_a_note_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A student who chooses a name with a line end forges no other entry of the log."""
    background.note("refused: x\n2026-01-01T00:00:00 refused: bob\x1b[2J")
    assert 1 == capsys.readouterr().err.count("\n")
