"""A workbench of one student, whose desk is in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import workbench
from tests.support.labs import write_lab

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
