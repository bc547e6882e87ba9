"""What several kinds of test share: a way to call sharklab, and seats that are always removed again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import leftovers

ROOT = Path(__file__).resolve().parents[1]

Call = Callable[..., "subprocess.CompletedProcess[str]"]


# A busy machine is no fault of a test, and each run tries the same examples.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --renew, which writes what the code says as what is expected."""
    parser.addoption("--renew", action="store_true", help="write the golden and the generated files anew")


def pytest_configure() -> None:
    """Let programs that tests start take Ctrl-C: those of a shell's background job ignore it (sh(1))."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup() -> None:
    """Let standard input block again: a killed ssh leaves it otherwise, and Ansible refuses that."""
    os.set_blocking(0, True)


def call_sharklab(
    *words: str, env: dict[str, str] | None = None, timeout: float = 900
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would and return what it printed and its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "sharklab", *words],
        cwd=ROOT,
        env={
            "SHARKLAB_OS": "debian12",
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "LANG": "C.UTF-8",
            "LC_ALL": "",
            **(env or {}),
        },
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="session")
def sharklab() -> Call:
    """Return the function that calls the command line."""
    return call_sharklab


@pytest.fixture(scope="session", autouse=True)
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return a name that no other run of tests has. A killed run leaves neither processes nor seats."""
    name = uuid.uuid4().hex[:6]
    with leftovers.ended(tmp_path_factory.getbasetemp(), name):
        yield name


@pytest.fixture(scope="session")
def student(run: str) -> Callable[[str], str]:
    """Return a function that names a student whom no other test run has."""
    return lambda name: f"test-{name}-{run}"


@pytest.fixture(scope="session")
def seat(student: Callable[[str], str]) -> Iterator[str]:
    """Bring up one seat of tp4 that tests may look at, and remove it at the end."""
    yield from _seat("tp4", student("roles"))


@pytest.fixture(scope="session")
def reachability_seat(student: Callable[[str], str]) -> Iterator[str]:
    """Bring up one seat of reachability that tests may look at and run, and remove it at the end."""
    yield from _seat("reachability", student("roles"))


@pytest.fixture(scope="session")
def ports_seat(student: Callable[[str], str]) -> Iterator[str]:
    """Bring up one seat of ports that tests may look at, and remove it at the end."""
    yield from _seat("ports", student("roles"))


def _seat(lab: str, name: str) -> Iterator[str]:
    done = call_sharklab("up", lab, "--solved", "--student", name)
    assert done.returncode == 0, done.stderr
    yield name
    gone = call_sharklab("down", lab, "--student", name)
    assert gone.returncode == 0, gone.stderr


def misjudged(run: Path, folder: str = "") -> list[object]:
    """Return what `sharklab prove` says of a run's grading that does not hold, or what it did instead.

    `folder` is the lab's, where it is none of ours.
    """
    lab, student = run.parts[-3:-1]
    done = call_sharklab("prove", folder or lab, "--student", student, "--run", run.name, "--output", "json")
    if done.returncode not in (0, 1):
        return [done.stderr]
    trials = json.loads(done.stdout)["trials"]
    wrong: list[object] = [trial for trial in trials if not trial["holds"]]
    return wrong if wrong or (done.returncode == 0 and len(trials) > 2) else [done.stdout]
