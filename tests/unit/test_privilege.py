"""Root privileges through sudo."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import i18n, privilege
from sharklab.errors import MachineryError
from tests.support.errors import error_of
from tests.support.programs import script

WORDS = i18n.translator("en")


def test_through_sudo_adds_nothing_for_root() -> None:
    """Who is root already needs no sudo."""
    assert ["true"] == privilege.through_sudo(["true"], "true", WORDS)


def test_through_sudo_says_what_it_runs(
    fakes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user reads the command before sudo asks, and the state folder goes along."""
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    script(fakes, "sudo")
    argv = privilege.through_sudo(["mount", "x"], "mount x", WORDS)
    assert "sharklab: root privileges are needed; running with sudo: mount x\n" == capsys.readouterr().err
    assert (["sudo"], ["--", "mount", "x"]) == (argv[:1], argv[2:])
    assert "SHARKLAB_STATE" in argv[1]


def test_through_sudo_fails_when_sudo_refuses(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may not use sudo reads what root would type."""
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    script(fakes, "sudo", "exit 1")
    error = error_of(MachineryError, privilege.through_sudo, ["mount", "x"], "mount x", WORDS)
    assert {"command": "mount x"} == error.values
