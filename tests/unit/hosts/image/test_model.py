"""Images and layers as plain data."""

from __future__ import annotations

from pathlib import Path

from sharklab.hosts import image


def test_lowers_of_baked_and_bare_hosts(tmp_path: Path) -> None:
    """A baked host has its layer above the base image, any other the base image alone."""
    (tmp_path / "tp4-1" / "server").mkdir(parents=True)
    base = image.Image("debian12", "Debian", tmp_path)
    layers = image.Layers(base, tmp_path / "tp4-1")
    assert (tmp_path / "tp4-1" / "server", tmp_path / "root") == layers.lowers("server")
    assert (tmp_path / "root",) == layers.lowers("client")
