"""Fixtures that several modules need: a state folder, and programs that stand in for the system's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharklab import i18n, system_packages
from sharklab.evidence.packets import box
from tests.support import readings
from tests.support.programs import TOOL, script


@pytest.fixture(scope="session", autouse=True)
def kept_readings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let tshark read each capture once for all tests of this run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "readings"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(box, "run", readings.keep(folder))
        yield


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of programs that stand before the system's; only `shark-tool` is needed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(system_packages, "table", lambda: (TOOL,))
    monkeypatch.setattr(system_packages, "manager", lambda: "apt")
    monkeypatch.setenv("POLICY_RC_D", str(tmp_path / "policy-rc.d"))
    script(folder, "systemctl")
    return folder


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a test its own state folder, and so its own compiled catalogues."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    i18n.translator.cache_clear()
    yield
    i18n.translator.cache_clear()
