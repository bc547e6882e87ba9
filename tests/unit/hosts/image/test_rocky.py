"""Rocky's packages from a mirror: a folder here, with programs that stand in for gpg and dnf."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.image import rocky
from sharklab.hosts.image.root_folder import RootFolder
from tests.support.errors import error_of
from tests.support.programs import script

ROCKY9 = rocky.RELEASES["rocky9"]


@dataclass(frozen=True)
class Recorded(RootFolder):
    """A root file system in which no command runs: they are noted, with the files that they would read."""

    commands: list[list[str]] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)

    def run(self, command: Sequence[str | Path], devices: bool = False) -> None:
        """Note the command, and the repositories at that moment."""
        words = list(map(str, command))
        [folder] = [word.partition("reposdir=")[2] for word in words if "reposdir=" in word]
        self.commands.append(words)
        self.files.append({file.name: file.read_text() for file in Path(folder).iterdir()})


@pytest.fixture
def mirror(fakes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a mirror with the key of Rocky 9."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "RPM-GPG-KEY-Rocky-9").write_text("key")
    monkeypatch.setenv(rocky.MIRROR, f"file://{folder}/")
    fingerprint(fakes, ROCKY9.fingerprint)
    for tool in ("dnf", "rpm"):
        script(fakes, tool)
    return folder


def fingerprint(fakes: Path, shown: str) -> None:
    """Let gpg show a key of this fingerprint, and a second one below it."""
    script(fakes, "gpg", f"echo pub:-:4096:; echo fpr:::::::::{shown}:; echo fpr:::::::::other:")


def made(folder: Path, below: tuple[Path, ...] = ()) -> Recorded:
    """Return a root file system with the repositories that packages of a release bring."""
    for place in (folder, *below):
        (place / "etc/yum.repos.d").mkdir(parents=True)
    repositories = [*below, folder][0] / "etc/yum.repos.d"
    (repositories / "rocky.repo").write_text("[baseos]")
    (repositories / "epel.repo").write_text("gpgkey=file:///etc/pki/epel")
    return Recorded(folder, below)


def test_mirror_is_rockys_own_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slash at the end of its address does not count."""
    monkeypatch.delenv(rocky.MIRROR, raising=False)
    assert rocky.OWN_MIRROR == rocky.mirror()
    monkeypatch.setenv(rocky.MIRROR, "http://mirror.example/rocky/")
    assert "http://mirror.example/rocky" == rocky.mirror()


def test_build_installs_the_release_and_then_the_packages(mirror: Path, tmp_path: Path) -> None:
    """From signed repositories of the mirror; the second time with those that the first packages brought."""
    root = made(tmp_path / "root")
    rocky.build(ROCKY9, root, ["curl", "nginx"], [], tmp_path / "cache")
    first, second = root.commands
    assert [list(ROCKY9.first), ["curl", "nginx"]] == [
        words[words.index("install") + 1 :] for words in (first, second)
    ]
    assert {f"--installroot={root.path}", "--releasever=9"} <= set(first) & set(second)
    own = {f"{name}.repo" for name in rocky.REPOSITORIES}
    assert (own, own | {"epel.repo"}) == tuple(map(set, root.files))
    lines = root.files[0]["BaseOS.repo"].splitlines()
    assert "gpgcheck=1" in lines
    assert f"baseurl=file://{mirror}/9/BaseOS/{os.uname().machine}/os/" in lines
    assert f"gpgkey=file://{root.path}/etc/pki/epel" == root.files[1]["epel.repo"]


def test_build_above_a_base_image_installs_the_packages_alone(mirror: Path, tmp_path: Path) -> None:
    """The release and its repositories are in the base image."""
    root = made(tmp_path / "root", (tmp_path / "base",))
    rocky.build(ROCKY9, root, ["curl"], [], tmp_path / "cache")
    [words] = root.commands
    assert (["curl"], True) == (words[words.index("install") + 1 :], "epel.repo" in root.files[0])


@pytest.mark.parametrize("shown", ["0" * 40, ""])
def test_build_with_another_key_is_refused(shown: str, mirror: Path, fakes: Path, tmp_path: Path) -> None:
    """Nothing is installed from a mirror whose key is not Rocky's."""
    fingerprint(fakes, shown) if shown else script(fakes, "gpg")
    root = made(tmp_path / "root")
    error = error_of(MachineryError, rocky.build, ROCKY9, root, ["curl"], [], tmp_path / "cache")
    assert (f"file://{mirror}/RPM-GPG-KEY-Rocky-9", []) == (error.place, root.commands)
    assert (shown or "-", ROCKY9.fingerprint) == (error.values["found"], error.values["wanted"])


def test_build_without_a_key_on_the_mirror(mirror: Path, tmp_path: Path) -> None:
    """The error has the address, and the reason of the system."""
    (mirror / "RPM-GPG-KEY-Rocky-9").unlink()
    root = made(tmp_path / "root")
    error = error_of(MachineryError, rocky.build, ROCKY9, root, ["curl"], [], tmp_path / "cache")
    assert (f"file://{mirror}/RPM-GPG-KEY-Rocky-9", []) == (error.place, root.commands)
    assert os.strerror(errno.ENOENT) in str(error.values["reason"])


def test_refusal_is_the_reason_why_the_mirror_does_not_answer(mirror: Path) -> None:
    """It answers when it has the list of packages of Rocky 9."""
    rocky.refusal.cache_clear()
    reason = rocky.refusal()
    assert reason and os.strerror(errno.ENOENT) in reason.msgid
    file = mirror / "9" / "BaseOS" / os.uname().machine / "os" / "repodata" / "repomd.xml"
    file.parent.mkdir(parents=True)
    file.write_text("<repomd/>")
    rocky.refusal.cache_clear()
    assert rocky.refusal() is None
    rocky.refusal.cache_clear()
