"""The base image of Rocky from an image server: where it is asked, what is told, and how it is unpacked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sharklab import state
from sharklab.hosts.image import build
from sharklab.hosts.providers.cluster import course, image_server
from sharklab.hosts.providers.cluster.errors import EngineRefusal
from sharklab.message import Message
from tests.support import paper_cluster
from tests.support.paper_cluster import PaperCluster

FORM = 'multipart/form-data; boundary="b0"'


@pytest.fixture(autouse=True)
def pulled(paper: PaperCluster, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the downloads of the engine, each of which works. No base image is there."""
    found: list[str] = []

    def pull(own: paper_cluster.Images, server: str, alias: str) -> str:
        found.append(f"{server} {alias}")
        own.add("f00d")
        return "f00d"

    monkeypatch.setattr(paper_cluster.Images, "pull", pull, raising=False)
    monkeypatch.setattr(build, "is_built", lambda name: False)
    return found


def form(content: bytes) -> bytes:
    """Return the engine's answer with two files, the last of which is `content`."""
    part = b'--b0\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return part % (b"metadata", b"about it") + part % (b"rootfs", content) + b"--b0--\r\n" * 2


def archive(tmp_path: Path, prefix: str = "") -> bytes:
    """Return an archive of tar(1) with a small root file system."""
    folder = tmp_path / "packed"
    (folder / prefix / "etc").mkdir(parents=True)
    (folder / prefix / "etc/rocky-release").write_text("Rocky")
    command: list[str | Path] = ["tar", "-c", "-C", folder, prefix or "."]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def answer(monkeypatch: pytest.MonkeyPatch, kind: str, content: bytes) -> None:
    """Let the engine export an image."""

    def export(own: paper_cluster.Images, fingerprint: str, target: Path) -> str:
        target.write_bytes(content)
        return kind

    monkeypatch.setattr(paper_cluster.Images, "export", export, raising=False)


def test_engine_takes_the_image_once(paper: PaperCluster, pulled: list[str], tmp_path: Path) -> None:
    """All labs have the same one; the note says which."""
    said: list[Message] = []
    sources = [image_server.find(course.begin(), "rocky9", said.append) for _ in range(2)]
    assert ["f00d", "f00d"] == [source.fingerprint for source in sources if source]
    assert ["https://images.lxd.canonical.com rockylinux/9"] == pulled and 1 == len(said)


@pytest.mark.parametrize(("name", "variable"), [("debian12", None), ("rocky9", "")])
def test_no_server_is_asked(
    pulled: list[str], monkeypatch: pytest.MonkeyPatch, name: str, variable: str | None
) -> None:
    """Only Rocky has a source there, and the variable may switch it off."""
    if variable is not None:
        monkeypatch.setenv(image_server.VARIABLE, variable)
    assert image_server.find(course.begin(), name, _quiet) is None and not pulled


def test_own_base_image_stays(pulled: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was made here already is for the cluster, too."""
    monkeypatch.setattr(build, "is_built", lambda name: True)
    assert image_server.find(course.begin(), "rocky9", _quiet) is None and not pulled


def test_a_server_that_is_not_reached_is_named(paper: PaperCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says so, and nothing is noted: the next time may be better."""
    said: list[Message] = []

    def pull(own: paper_cluster.Images, server: str, alias: str) -> str:
        raise EngineRefusal("no route")

    monkeypatch.setattr(paper_cluster.Images, "pull", pull, raising=False)
    monkeypatch.setenv(image_server.VARIABLE, "https://mirror.uni.example")
    assert image_server.find(course.begin(), "rocky10", said.append) is None
    (one,) = said
    assert "https://mirror.uni.example" == one.values["server"]
    assert [] == list(state.images_folder().glob("*.source.json"))


def test_files_of_the_image_are_unpacked(
    paper: PaperCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From a form with two files, or one archive; the engine fetches an image again that it has lost."""
    source = image_server.find(course.begin(), "rocky9", _quiet)
    assert source
    paper.names.clear()
    for name, kind, content in (
        ("split", FORM, form(archive(tmp_path / "1"))),
        ("unified", "application/octet-stream", archive(tmp_path / "2", "rootfs")),
    ):
        answer(monkeypatch, kind, content)
        target = state.folder(tmp_path / name / "root")
        source.unpack(target)
        assert "Rocky" == (target / "etc/rocky-release").read_text()
        assert [target] == list(target.parent.iterdir())
    assert {"f00d"} == paper.names


def test_squashfs_is_unpacked(tmp_path: Path) -> None:
    """Image servers have the root file system in this form."""
    archive(tmp_path)
    file = tmp_path / "rootfs"
    subprocess.run(["mksquashfs", tmp_path / "packed", file, "-quiet", "-no-progress"], check=True)
    image_server.unpack(file, state.folder(tmp_path / "root"))
    assert "Rocky" == (tmp_path / "root/etc/rocky-release").read_text()


def _quiet(message: Message) -> None:
    """Say nothing."""
