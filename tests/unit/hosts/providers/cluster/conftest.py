"""An engine that gives the answers of a test, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sharklab.hosts.providers.cluster import client
from sharklab.hosts.providers.cluster.client import Client
from tests.support.engine_socket import ScriptedEngine, scripted_engine


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedEngine]:
    """An engine at the place that LXD_DIR names; the name of a socket must be short (unix(7))."""
    with TemporaryDirectory() as folder, scripted_engine(Path(folder)) as scripted:
        monkeypatch.delenv("INCUS_DIR", raising=False)
        monkeypatch.setenv("LXD_DIR", folder)
        yield scripted


@pytest.fixture
def course(engine: ScriptedEngine) -> Iterator[Client]:
    """A client of that engine, for one project."""
    with client.connect() as connected:
        yield connected.in_project("sharklab-tp")
