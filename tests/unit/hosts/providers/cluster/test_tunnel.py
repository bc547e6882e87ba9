"""The program that carries a connection of ssh to a host on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.providers.cluster import record, tunnel
from sharklab.hosts.providers.cluster.attachment import Attached
from sharklab.hosts.providers.cluster.record import SeatRecord
from tests.support.engine_socket import ScriptedEngine
from tests.support.errors import error_of


def _blocks(*given: bytes) -> Callable[[], bytes]:
    left = [*given, b""]
    return lambda: left.pop(0)


def test_copy_hands_on_and_ends() -> None:
    """The end of one side is told to the other."""
    said: list[bytes] = []
    tunnel.copy(_blocks(b"one", b"two"), said.append, lambda: said.append(b"end"))
    assert [b"one", b"two", b"end"] == said


def test_copy_ends_with_the_other_side() -> None:
    """The program in the host has ended: nothing more is read."""

    def gone(block: bytes) -> None:
        raise EOFError

    left = [b"one", b"two", b""]
    tunnel.copy(lambda: left.pop(0), gone)
    assert [b"two", b""] == left


def test_a_seat_that_is_on_no_cluster(tmp_path: Path) -> None:
    """The error names its folder."""
    assert str(tmp_path) == error_of(MachineryError, tunnel.connect, tmp_path, "server", 0.0).place


def test_connect_waits_for_a_host_that_boots(
    tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks again until its patience ends, and then raises what the engine said."""
    record.write(tmp_path, SeatRecord("0a1b2c3d", "sharklab-x", hosts=["server"]))
    tries: list[str] = []
    there = Attached({})

    def attach(client: object, name: str, argv: object) -> Attached:
        tries.append(name)
        if len(tries) < 3:
            raise MachineryError("not running")
        return there

    monkeypatch.setattr(tunnel, "attach", attach)
    monkeypatch.setattr(tunnel, "PAUSE", 0.0)
    assert there is tunnel.connect(tmp_path, "server", 60.0)
    assert ["sl-0a1b2c3d-server"] * 3 == tries
    tries.clear()
    assert "not running" == error_of(MachineryError, tunnel.connect, tmp_path, "server", 0.0).message_id
