"""Asking the door: its errors are sentences, and its process is started again where it has ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sharklab.cli.workbench.client import DeskRefusal
from sharklab.cli.workbench.web.door_client import DoorClient
from sharklab.errors import MachineryError
from tests.support.workbench_door import DoorHere


def test_refusal_of_the_door_is_its_own_sentence(door_here: DoorHere) -> None:
    """In the language of the request."""
    client = DoorClient(str(door_here.path), lambda: pytest.fail("it runs"))
    with pytest.raises(MachineryError) as refused:
        asyncio.run(client.ask("record", "alice", lab="mylab", host="server", network="x", lang="fr"))
    assert "réseau" in str(refused.value.values["said"])


def test_process_that_has_ended_is_started_again(tmp_path: Path) -> None:
    """Once; then the error says so."""
    starts: list[int] = []
    client = DoorClient(str(tmp_path / "nothing"), lambda: starts.append(1))
    with pytest.raises(MachineryError):
        asyncio.run(client.ask("recording", "alice"))
    assert [1] == starts


def test_process_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    """With the words of the desk."""

    def start() -> None:
        raise DeskRefusal("no room")

    with pytest.raises(MachineryError) as refused:
        asyncio.run(DoorClient(str(tmp_path / "nothing"), start).ask("recording", "alice"))
    assert "no room" == refused.value.values["reason"]
