"""The image of a lab on the cluster: its name, its parts, and the file that is sent."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.hosts.providers.cluster import exports
from sharklab.hosts.providers.cluster.course import Course
from sharklab.message import Message
from tests.support.paper_cluster import PaperCluster


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the folders of an image: packages above a system."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(exports, "_known", set())
    folders = [
        state.folder(state.images_folder() / name / "root") for name in ("debian12-top", "debian12-low")
    ]
    for folder, name in zip(folders, ("packages", "system"), strict=True):
        (folder / "etc").mkdir(mode=0o755)
        (folder / "etc" / name).write_text(name)
    (folders[1] / "usr" / "sbin").mkdir(parents=True)
    (folders[1] / "usr" / "sbin" / "init").symlink_to("../lib/systemd/systemd")
    return folders


def test_layers_of_a_host_are_apart_from_the_image(image: list[Path]) -> None:
    """All hosts of a lab share the image, whose name follows from its folders."""
    layer = image[0].parent / "tp4-0123" / "server"
    lowers = [layer, *image]
    assert (tuple(image), (layer,)) == (exports.roots(lowers), exports.layers(lowers))
    assert exports.alias(image) == exports.alias(exports.roots(lowers)) != exports.alias(image[1:])


def test_image_has_all_folders_and_the_first_program(
    image: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent once, and nothing of its making stays."""
    sent: list[tuple[dict[str, Any], dict[str, tarfile.TarInfo]]] = []

    def add(name: str, metadata: Path, rootfs: Path, **more: object) -> None:
        with tarfile.open(metadata) as about, tarfile.open(rootfs) as files:
            description = about.extractfile("metadata.yaml")
            assert description
            sent.append((json.load(description), {one.name: one for one in files.getmembers()}))
        paper.names.add(name)

    paper = PaperCluster()
    monkeypatch.setattr(
        "tests.support.paper_cluster.Images.add", lambda self, *words, **more: add(*words, **more)
    )
    own: Any = Course(paper, "", "0a1b2c3d")  # type: ignore[arg-type]
    for _ in range(2):
        name = exports.ensure(own, image, _quiet)
        exports._known.clear()
    ((about, files),) = sent
    assert {name} == paper.names == {about["properties"]["description"]}
    assert {
        "./etc/packages",
        "./etc/system",
        "./usr/sbin/init",
        "./usr/lib/sharklab/unpack.py",
    } <= files.keys()
    assert (True, 0o755) == (files["./usr/sbin/init"].isreg(), files["./usr/sbin/init"].mode)
    assert [] == list(state.images_folder().glob("*.building"))


def _quiet(message: Message) -> None:
    """Say nothing."""
