"""The process that keeps terminals: what it is started with, and how it tells errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sharklab import state
from sharklab.cli.workbench.desk import decoding, door_process
from sharklab.errors import Busy, InputError, MachineryError
from sharklab.hosts.door import control, workbench

ERROR = InputError("too many packets are shown at once", hint="wait a minute")


@pytest.mark.parametrize("request_of", [{}, {"lang": "en"}, {"lang": "xx"}, {"lang": "../fr"}])
def test_error_is_in_english_for_a_language_that_is_none(request_of: Mapping[str, Any]) -> None:
    """The request comes from a process that browsers talk to."""
    assert ERROR.say(str) == door_process.explain(ERROR, request_of)


def test_error_is_in_the_language_of_the_page() -> None:
    """With its hint."""
    said = door_process.explain(ERROR, {"lang": "fr"})
    assert ERROR.message not in said and ERROR.hint not in said


@pytest.fixture
def runs(own_state: None, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Return what the process is run with, in place of running it: the uid, and whether it is locked."""
    found: list[tuple[int, bool]] = []

    def run(uid: int, explain: Callable[..., str], more: Mapping[str, object]) -> None:
        assert (door_process.explain, {"decode": decoding.handler}) == (explain, more)
        found.append((uid, state.is_locked(control.lock_file())))
        if uid == 0:
            raise MachineryError("no room")

    monkeypatch.setattr(workbench, "run", run)
    state.folder(control.folder())
    return found


def test_process_holds_its_lock_while_it_answers(
    runs: list[tuple[int, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument is the user of the web process; the module is the command's."""
    monkeypatch.setattr(sys, "argv", ["door_process", "7"])
    assert 0 == door_process.main()
    assert [(7, True)] == runs and not state.is_locked(control.lock_file())
    assert door_process.__name__ == door_process.COMMAND[-1]


def test_second_process_ends_at_once(
    runs: list[tuple[int, bool]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one sentence for the log."""
    monkeypatch.setattr(sys, "argv", ["door_process", "7"])
    with state.lock(control.lock_file(), control.WHAT):
        assert Busy.exit_code == door_process.main()
    assert not runs and capsys.readouterr().err


def test_error_of_the_process_is_its_exit_code(
    runs: list[tuple[int, bool]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And its words are in the log, without a traceback."""
    monkeypatch.setattr(sys, "argv", ["door_process", "0"])
    assert MachineryError.exit_code == door_process.main()
    assert "no room\n" == capsys.readouterr().err
