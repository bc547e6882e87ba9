"""Run the test suite: set up what it needs beside sharklab itself, then one run of pytest."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sharklab import ownership, paths, state
from sharklab.errors import BAD_INPUT, INTERRUPTED, MACHINERY, MachineryError
from sharklab.message import N_, Message
from sharklab.progress import Progress

REQUIREMENTS = paths.ROOT / "requirements-test.txt"

SIDE_BY_SIDE = ("--numprocesses=3", "--dist=loadfile", "--no-loadscope-reorder")
"""How the whole suite runs: three processes keep two cores busy, since much of the time is waiting for hosts.

A file's tests share what they set up.
"""

EXIT_CODES = {2: INTERRUPTED, 3: MACHINERY, 4: BAD_INPUT, 5: BAD_INPUT}
"""Ours for pytest's own (pytest.ExitCode), where they mean something else; 5 is that no test was found."""


def run(arguments: Sequence[str], progress: Progress) -> int:
    """Run pytest with `arguments` (all tests without any) from the checkout and return the exit code.

    Raises MachineryError when the packages of requirements-test.txt cannot be installed.
    """
    install(progress)
    cache = state.folder(state.root() / "cache")
    chosen = arguments or SIDE_BY_SIDE
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache / 'pytest'}", *chosen]
    code = subprocess.run(command, check=False, cwd=paths.ROOT, env=_environment(cache)).returncode
    return EXIT_CODES.get(code, code)


def _environment(cache: Path) -> dict[str, str]:
    """Return the environment for the tools that the tests call: their caches are below `cache`.

    The checkout stays clean, and behind sudo no file of root's is left in it.
    """
    places = {
        "MYPY_CACHE_DIR": cache / "mypy",
        "RUFF_CACHE_DIR": cache / "ruff",
        "HYPOTHESIS_STORAGE_DIRECTORY": cache / "hypothesis",
        "VIRTUAL_ENV": Path(sys.prefix),  # where ansible-lint keeps its own
    }
    return {**os.environ, **{name: str(place) for name, place in places.items()}}


def install(progress: Progress) -> None:
    """Add the pinned packages of requirements-test.txt to this environment, once.

    Raises MachineryError when pip fails, or when this is not the launcher's environment.
    """
    prefix = Path(sys.prefix)
    marker = prefix / f"tests-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    if marker.exists():
        return
    if not (prefix / "ready").exists():
        raise MachineryError(
            N_("{prefix} is not sharklab's own environment"),
            hint=N_("run ./sharklab test instead"),
            prefix=prefix,
        )
    with state.lock(prefix / "tests.lock", Message(N_("the environment for tests")), patience=600):
        if not marker.exists():
            _pip_install(progress)
            marker.touch()
            ownership.give_back(prefix)


def _pip_install(progress: Progress) -> None:
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    command = [sys.executable, "-m", "pip", "install", *options]
    with progress.step(N_("Python packages for the tests")):
        done = subprocess.run(
            command, check=False, env={**os.environ, "PIP_USER": "0"}, capture_output=True, text=True
        )
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise MachineryError(
            N_("pip failed:\n{said}"),
            place=str(REQUIREMENTS),
            hint=N_("check that PyPI answers: ./sharklab doctor --network"),
            said=said,
        )
