"""`python -m sharklab`: its tools, and what a terminal cannot show."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from sharklab import __main__ as program
from sharklab.cli import main as command_line


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/somewhere")


def test_find_tools_puts_those_of_the_environment_first() -> None:
    """Ansible is that of the environment; a Debian user's PATH lacks the folders of ip and sysctl."""
    program.find_tools()
    folders = os.environ["PATH"].split(os.pathsep)
    assert [str(Path(sys.executable).parent), "/somewhere", "/usr/sbin", "/sbin"] == folders


def test_find_tools_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system has one by itself."""
    monkeypatch.delenv("PATH")
    program.find_tools()
    assert os.defpath in os.environ["PATH"]


def test_main_prints_what_the_terminal_cannot_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question mark stands for it, and no message fails; the exit code is that of the command line."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", io.StringIO())  # no terminal
    monkeypatch.setattr(command_line, "main", lambda: print("né", flush=True) or 3)
    assert (3, b"n?\n") == (program.main(), raw.getvalue())
