"""The journals of the hosts of a seat; their answers are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts import journal
from sharklab.hosts.providers.remote import Machine
from tests.support import provider_seat


def test_read_leaves_out_a_host_without_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each host counts back from its own clock, and tells the lines of the account of the student."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr("time.time", lambda: 1000.0)
    asked: list[dict[str, Any]] = []

    def ask(machine: Machine, do: str, **request: Any) -> dict[str, Any]:
        if machine.name == "client":
            raise MachineryError("no answer")
        asked.append({"do": do, **request})
        return {"text": "a line\n"}

    monkeypatch.setattr(Machine, "ask", ask)
    assert {"server": "a line\n"} == journal.read(provider_seat.plan("ada", 1), 400.0)
    assert [{"do": "journal", "ago": 600.0, "users": ["student"], "most": journal.MOST}] == asked
