"""Images: imported, published, fetched and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.hosts.providers.cluster import images
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.errors import EngineRefusal, TooLate
from sharklab.hosts.providers.cluster.model import InstanceKind, StoredImage
from tests.support.engine_socket import ScriptedEngine
from tests.support.errors import error_of

IMAGE = {"fingerprint": "f", "aliases": [{"name": "golden"}], "type": "container", "size": 5}


def test_image_is_imported_and_named(engine: ScriptedEngine, course: Client, tmp_path: Path) -> None:
    """Split or unified; the alias moves from an older image."""
    (tmp_path / "meta").write_bytes(b"metadata of it")
    (tmp_path / "root").write_bytes(b"files of it")
    engine.works("POST /1.0/images", metadata={"fingerprint": "f"})
    engine.gives("PUT /1.0/images/aliases/golden", {})
    engine.gives("GET /1.0/images/f", IMAGE)
    image = course.images.add("golden", tmp_path / "meta", tmp_path / "root", properties={"os": "x"})
    asked = engine.last("POST")
    assert (b"metadata of it" in asked.body, b"files of it" in asked.body) == (True, True)
    assert ("os=x", {"target": "f"}) == (asked.headers["x-lxd-properties"], engine.last("PUT").plain)
    assert ("f", 5) == (image.fingerprint, image.size)
    course.images.add("golden", tmp_path / "meta")
    assert b"metadata of it" == engine.last("POST").body
    error_of(InputError, lambda: course.images.add("golden", tmp_path / "nothing"))


def test_image_without_an_alias_gets_one(engine: ScriptedEngine, course: Client, tmp_path: Path) -> None:
    """A new alias is made; without the image of an alias there is None."""
    (tmp_path / "meta").write_bytes(b"metadata")
    engine.works("POST /1.0/images", metadata={"fingerprint": "f"})
    engine.gives("POST /1.0/images/aliases", {})
    engine.gives("GET /1.0/images/f", IMAGE)
    engine.gives("GET /1.0/images", [IMAGE])
    assert course.images.find("golden") is None
    added = course.images.add("golden", tmp_path / "meta")
    assert {"name": "golden", "target": "f"} == engine.last("POST").plain
    assert [added] == course.images.all()
    assert {"recursion": "1", "project": "sharklab-tp"} == engine.last("GET").query


def test_image_is_found_by_its_alias(engine: ScriptedEngine, course: Client) -> None:
    """The alias names a fingerprint."""
    engine.gives("GET /1.0/images/aliases/golden", {"target": "f"})
    engine.gives("GET /1.0/images/f", IMAGE)
    assert StoredImage("f", InstanceKind.CONTAINER, 5) == course.images.find("golden")


def begun(engine: ScriptedEngine, **operation: object) -> None:
    """Let the engine begin a download, which is at `operation` then."""
    said = {"id": "7", "status": "Running", "status_code": 103, "err": "", "metadata": None}
    engine.answers["POST /1.0/images"] = {"type": "async", "operation": "/1.0/operations/7", "metadata": said}
    engine.gives("GET /1.0/operations/7", {**said, **operation})
    engine.gives("DELETE /1.0/operations/7", {})


def test_engine_fetches_an_image(engine: ScriptedEngine, course: Client, tmp_path: Path) -> None:
    """From an image server; its files come from the engine as they are."""
    begun(engine, metadata={"download_progress": "rootfs: 3%"})
    done = {"status": "Success", "status_code": 200, "err": "", "metadata": {"fingerprint": "f"}}
    engine.gives("GET /1.0/operations/7/wait", done)
    assert "f" == course.images.pull("https://images.uni.example", "rockylinux/9")
    source = engine.last("POST").plain["source"]
    assert ("https://images.uni.example", "rockylinux/9", "simplestreams", "pull") == tuple(
        source[key] for key in ("server", "alias", "protocol", "mode")
    )
    engine.answers["GET /1.0/images/f/export"] = b"files of it"
    assert "application/octet-stream" == course.images.export("f", tmp_path / "image")
    assert b"files of it" == (tmp_path / "image").read_bytes()
    error_of(EngineRefusal, lambda: course.images.export("g", tmp_path / "image"))


def test_image_server_has_seconds_to_answer(
    engine: ScriptedEngine, course: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download that has not begun then is cancelled; a refusal is told at once."""
    monkeypatch.setattr(images, "BEGIN_SECONDS", 0.0)
    monkeypatch.setattr(images, "BEGIN_PAUSE", 0.0)
    begun(engine)
    error = error_of(TooLate, lambda: course.images.pull("https://images.uni.example", "rockylinux/9"))
    assert "https://images.uni.example" == error.place and "DELETE" == engine.last("DELETE").method
    begun(engine, status="Failure")
    done = {"status": "Failure", "status_code": 400, "err": "no such host", "metadata": None}
    engine.gives("GET /1.0/operations/7/wait", done)
    error_of(EngineRefusal, lambda: course.images.pull("https://images.uni.example", "rockylinux/9"))
