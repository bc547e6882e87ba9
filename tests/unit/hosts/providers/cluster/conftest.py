"""An engine that gives the answers of a test, a client of it, and a cluster on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sharklab import privilege, state
from sharklab.hosts.image.model import Image, Layers
from sharklab.hosts.providers import access, claims
from sharklab.hosts.providers.cluster import client, exports, hosts, kinds, seating
from sharklab.hosts.providers.cluster import course as courses
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.model import MemberStatus
from tests.support.engine_socket import ScriptedEngine, scripted_engine
from tests.support.paper_cluster import PaperCluster


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


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PaperCluster:
    """Return a cluster of three members, and a computer whose images exist already."""
    found = PaperCluster(dict.fromkeys(("m1", "m2", "m3"), MemberStatus.ONLINE))
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(claims, "MARKS", tmp_path / "marks")
    monkeypatch.setattr(client, "connect", lambda remote="": found)
    monkeypatch.setattr(courses, "_clients", {})
    monkeypatch.setattr(courses, "_begun", set())
    monkeypatch.setattr(exports, "_known", set())
    monkeypatch.setattr(exports, "_send", lambda own, name, image: own.client.images.add(name))
    monkeypatch.setattr(privilege, "require_root", lambda reason: None)
    monkeypatch.setattr(kinds, "_able", {})
    monkeypatch.setattr(hosts, "FRESH", -1.0)
    monkeypatch.setattr(hosts, "SETTLE_PAUSE", 0.0)
    monkeypatch.setattr(hosts, "_silent", {})
    monkeypatch.setattr(hosts, "_answers", {})
    monkeypatch.setattr(seating, "_looks", {})
    monkeypatch.setattr(access, "close", lambda *words: None)
    return found


@pytest.fixture
def layers(paper: PaperCluster) -> Layers:
    """Return the layers of a bare image."""
    folder = state.folder(state.images_folder() / "debian12-000000000000")
    state.folder(folder / "root")
    return Layers(Image("debian12", "Debian", folder), folder)
