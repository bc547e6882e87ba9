"""The JavaScript of other makers: installed once, by a lock file with digests and without addresses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from sharklab.cli.workbench import javascript
from sharklab.errors import MachineryError
from sharklab.progress import Progress, Silent
from tests.support.errors import error_of
from tests.support.programs import script


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of programs that the PATH finds first; sharklab has a state of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "bin"


def test_lock_file_pins_every_package() -> None:
    """Each has the digest of its content, none an address, and the files of pages are of these packages."""
    lock = json.loads((javascript.LISTS / "package-lock.json").read_text())
    wanted = json.loads((javascript.LISTS / "package.json").read_text())["dependencies"]
    packages = {name.removeprefix("node_modules/"): own for name, own in lock["packages"].items() if name}
    assert wanted == {name: own["version"] for name, own in packages.items()}
    assert all(own["integrity"].startswith("sha512-") for own in packages.values())
    assert not any("resolved" in own for own in packages.values())
    for place in javascript.FILES.values():
        assert any(place.startswith(f"{name}/") for name in packages)


def test_install_happens_once(programs: Path, tmp_path: Path) -> None:
    """The second start asks no npm; scripts of packages never run."""
    script(programs, "npm", f'echo "$@" >>{tmp_path}/asked', 'mkdir -p "$2/node_modules"')
    first, second = javascript.install(Silent()), javascript.install(Silent())
    [asked] = (tmp_path / "asked").read_text().splitlines()
    assert "--ignore-scripts" in asked.split()
    assert first == second
    assert set(javascript.FILES) == set(first)


def test_failure_is_told_and_tried_again(programs: Path, tmp_path: Path) -> None:
    """A half installation does not count."""
    script(programs, "npm", f"echo >>{tmp_path}/asked; echo no network >&2; exit 1")
    for _ in range(2):
        error = error_of(MachineryError, javascript.install, Silent())
        assert ("no network", javascript.HINT) == (error.values["said"], error.hint_id)
    assert 2 == len((tmp_path / "asked").read_text().splitlines())


def test_npm_comes_from_pypi_where_the_user_has_none(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip brings it once, as the line of the step says."""
    script(programs, "python", f'echo "$@" >>{tmp_path}/asked')
    monkeypatch.setattr(javascript, "shutil", SimpleNamespace(which=lambda name: None))
    monkeypatch.setattr(javascript, "sys", SimpleNamespace(executable=str(programs / "python")))
    said: list[str] = []

    def remember(text: str) -> str:
        said.append(text)
        return text

    progress = Progress(remember)
    javascript.install(progress)
    pip, npm = (tmp_path / "asked").read_text().splitlines()
    assert pip.split()[:3] == ["-m", "pip", "install"] and javascript.NODE in pip
    assert "npm()" in npm and javascript.INSTALLED in said
    javascript.command("node")
    assert 2 == len((tmp_path / "asked").read_text().splitlines())


def test_line_names_each_package_with_its_version() -> None:
    """So the user knows what comes from other makers."""
    wanted = json.loads((javascript.LISTS / "package.json").read_text())["dependencies"]
    assert {f"{name} {version}" for name, version in wanted.items()} == set(
        javascript.names_of_packages(javascript.LISTS)
    )
