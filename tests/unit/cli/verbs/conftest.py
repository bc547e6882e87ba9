"""A folder to stand in, with a state of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.labs import write_lab

BRIEF = "# {{ lab }} of {{ student }}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder and return it; sharklab speaks English and has a state of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def mylab(here: Path) -> Path:
    """Stand beside the folder of the lab `mylab`, which is not in `labs/`, and return that folder."""
    return write_lab(here / "mylab", fr=BRIEF, en=BRIEF)
