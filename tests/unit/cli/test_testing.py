"""The runner of the tests: what pytest is given, its exit codes, and its packages."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli import testing
from sharklab.errors import BAD_INPUT, GOOD, INTERRUPTED, MACHINERY, NOT_ACHIEVED, MachineryError
from sharklab.progress import Progress
from tests.support.errors import error_of


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an environment of the launcher, without packages for tests."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    requirements = tmp_path / "requirements-test.txt"
    requirements.write_text("pytest==9\n")
    monkeypatch.setattr(testing, "REQUIREMENTS", requirements)
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "ready").touch()
    return tmp_path / "venv"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Collect the commands that are run; each ends well."""
    found: list[Sequence[str]] = []

    def run(argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        found.append(argv)
        return subprocess.CompletedProcess(argv, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return found


def test_install_is_done_once(environment: Path, calls: list[Sequence[str]]) -> None:
    """A marker names the requirements; other requirements are installed again."""
    for _ in range(2):
        testing.install(Progress())
    assert 1 == len(calls)
    digest = hashlib.sha256(testing.REQUIREMENTS.read_bytes()).hexdigest()[:12]
    assert (environment / f"tests-{digest}").exists()
    testing.REQUIREMENTS.write_text("pytest==10\n")
    testing.install(Progress())
    assert ["install", "install"] == [argv[3] for argv in calls]


def test_install_leaves_another_environment_alone(environment: Path, calls: list[Sequence[str]]) -> None:
    """Packages are added to the launcher's own environment only."""
    (environment / "ready").unlink()
    error = error_of(MachineryError, testing.install, Progress())
    assert ("{prefix} is not sharklab's own environment", environment) == (
        error.message_id,
        error.values["prefix"],
    )
    assert [] == calls


def test_install_that_fails_has_no_marker(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run tries again; the error has the last lines of pip."""
    done = subprocess.CompletedProcess([], 1, "", "\n".join(map(str, range(20))))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    error = error_of(MachineryError, testing.install, Progress())
    assert ("pip failed:\n{said}", "12 13 14 15 16 17 18 19") == (
        error.message_id,
        " ".join(str(error.values["said"]).split()),
    )
    assert [] == list(environment.glob("tests-*"))


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (0, GOOD),
        (1, NOT_ACHIEVED),
        (2, INTERRUPTED),
        (3, MACHINERY),
        (4, BAD_INPUT),
        (5, BAD_INPUT),
    ],
)
def test_run_translates_the_code_of_pytest(
    ended: int, code: int, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong option and a run without a test are the user's input."""
    monkeypatch.setattr(testing, "install", lambda progress: None)
    monkeypatch.setattr(subprocess, "run", lambda argv, **_: subprocess.CompletedProcess(argv, ended))
    assert code == testing.run(["tests/unit"], Progress())


def test_run_of_all_tests_uses_two_processes(
    environment: Path, calls: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments of the user replace that."""
    monkeypatch.setattr(testing, "install", lambda progress: None)
    testing.run([], Progress())
    testing.run(["-k", "x"], Progress())
    assert [list(testing.SIDE_BY_SIDE), ["-k", "x"]] == [list(argv[5:]) for argv in calls]
