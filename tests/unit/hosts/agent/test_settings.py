"""The configuration of a machine as texts."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from sharklab.hosts.agent import files, packages, settings
from tests.support.programs import script


@pytest.fixture
def etc(tmp_path: Path, fakes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in place of /etc, of a machine whose firewall says a word."""
    folder = tmp_path / "etc"
    folder.mkdir()
    monkeypatch.setattr(settings, "ROOT", str(folder))
    script(fakes, "firewall-cmd", 'echo "zones $*"')
    script(fakes, "findmnt", "exit 1")
    return folder


def test_texts_are_those_of_files_links_and_commands(etc: Path) -> None:
    """A link is where it points, a command without an answer is empty."""
    (etc / "fstab").write_text("a line\n")
    (etc / "localtime").symlink_to("/usr/share/zoneinfo/UTC")
    told = settings.texts()
    assert ("a line\n", "-> /usr/share/zoneinfo/UTC\n") == (told[f"{etc}/fstab"], told[f"{etc}/localtime"])
    assert "zones --list-all-zones\n" == told["firewall-cmd --list-all-zones"]
    assert "" == told[next(name for name in told if name.startswith("findmnt"))]


def test_a_program_that_was_replaced_shows(
    etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each program that shows the state of the machine has its digest; one that is missing has none."""
    script(tmp_path, "ss", "exit 0")
    monkeypatch.setattr(settings, "PLACES", str(tmp_path))
    before = settings.texts()
    script(tmp_path, "ss", "echo fake")
    after = settings.texts()
    assert [f"sha256 {tmp_path}/ss"] == [name for name in before if before[name] != after[name]]
    assert 64 == len(before[f"sha256 {tmp_path}/ss"].strip())


def test_zones_are_told_in_one_order(etc: Path, fakes: Path) -> None:
    """Each entry has a line; firewalld may list them in another order after a restart."""
    told = []
    for services in ("ssh dns", "dns ssh"):
        script(
            fakes, "firewall-cmd", f"printf 'public (active)\\n  target: default\\n  services: {services}\\n'"
        )
        told.append(settings.texts()["firewall-cmd --list-all-zones"])
    assert "public services: dns\npublic services: ssh\npublic target: default\n" == told[0] == told[1]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("shadow", b"root:x"),
        ("ssh_host_ed25519_key", b"key"),
        ("public.xml.old", b"<zone/>"),
        ("passwd-", b"root"),
        ("own.pem", b"x"),
        ("some.conf", b"-----BEGIN OPENSSH PRIVATE KEY-----"),
        ("binary", b"\x00\x01"),
        ("latin", "é".encode("latin-1")),
        ("large", b"x" * (settings.SIZE + 1)),
    ],
)
def test_secrets_copies_and_other_files_are_left_out(etc: Path, name: str, content: bytes) -> None:
    """Whatever their content."""
    (etc / name).write_bytes(content)
    (etc / "kept").write_text("text")
    os.mkfifo(etc / "pipe")
    assert [f"{etc}/kept"] == [path for path in settings.texts() if path.startswith("/")]


def test_files_that_programs_make_are_left_out(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They follow from other files. One that goes away meanwhile is left out, too."""
    (etc / "cache").write_text("text")
    monkeypatch.setattr(settings, "GENERATED", (f"{etc}/cache",))
    assert not [path for path in settings.texts() if path.startswith("/")]
    monkeypatch.setattr(files, "below", lambda root: iter([f"{etc}/gone"]))
    assert not [path for path in settings.texts() if path.startswith("/")]


def test_files_of_packages_are_unchanged_until_somebody_writes(
    etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a link nor a file outside of /etc counts, nor one that is not there."""
    (etc / "a").write_text("packed")
    (etc / "b").write_text("packed")
    (etc / "link").symlink_to(etc / "a")
    (etc.parent / "outside").write_text("packed")
    places = [*(str(etc / name) for name in ("a", "b", "link", "gone")), str(etc.parent / "outside")]
    digest = hashlib.md5(b"packed", usedforsecurity=False).hexdigest()
    monkeypatch.setattr(packages, "digests", lambda: ("md5", dict.fromkeys(places, digest)))
    monkeypatch.setattr(settings, "ROOT", str(etc))
    assert [f"{etc}/a", f"{etc}/b"] == settings.list_unchanged()
    (etc / "b").write_text("own")
    assert f"{etc}/b" not in settings.list_unchanged()


def test_packages_have_a_line_each(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a package that was installed shows."""
    monkeypatch.setattr(packages, "list_installed", lambda: ["bash", "nginx"])
    assert "bash\nnginx\n" == settings.texts()["packages"]
