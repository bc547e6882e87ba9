"""The process of the SSH gateway: an error at its start is one sentence and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sharklab.cli import gateway_process
from sharklab.errors import MACHINERY


def test_an_address_of_another_machine_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """192.0.2.1 (RFC 5737) is on no machine."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["gateway_process", "192.0.2.1", "2222"])
    assert MACHINERY == gateway_process.main()
    said = capsys.readouterr().err
    assert "192.0.2.1" in said and "Traceback" not in said
