"""A workbench of one student, whose desk is in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharklab.cli import flow
from tests.support import workbench
from tests.support.class_asker import ClassAsker
from tests.support.labs import write_lab
from tests.support.workbench_door import DoorHere

BRIEF = "# {{ lab }} of {{ student }}\n"


@pytest.fixture
def mylab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the lab `mylab`; sharklab has a state of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return write_lab(tmp_path / "mylab", fr=BRIEF, en=BRIEF)


@pytest.fixture
def bench(mylab: Path, tmp_path: Path) -> workbench.Bench:
    """Return the workbench of alice, whose work is in the folder `work`."""
    return workbench.Bench(str(mylab), "alice", tmp_path / "work")


@pytest.fixture
def door_here(mylab: Path, tmp_path: Path) -> Iterator[DoorHere]:
    """Open a door in this process for the seat of alice."""
    (tmp_path / "door").mkdir()
    own = DoorHere(tmp_path / "door", flow.prepare(str(mylab), "alice"))
    yield own
    own.close()


@pytest.fixture
def bench_again(mylab: Path, tmp_path: Path, door_here: DoorHere) -> Callable[[], workbench.Bench]:
    """Return a function that makes one more web application at the same door."""
    return lambda: workbench.Bench(str(mylab), "alice", tmp_path / "work", keeper=str(door_here.path))


@pytest.fixture
def kept(bench_again: Callable[[], workbench.Bench]) -> workbench.Bench:
    """Return the workbench of alice, with terminals and recordings."""
    return bench_again()


@pytest.fixture
def ask(mylab: Path, tmp_path: Path) -> ClassAsker:
    """Return the desk of a class of three that works on `mylab`."""
    return ClassAsker(str(mylab), tmp_path)
