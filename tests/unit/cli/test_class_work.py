"""The hosts of a class to reset. The verbs that check, run and reset have tests of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.cli import class_work, flow
from sharklab.errors import InputError
from sharklab.lab import load
from tests.support.errors import error_of


def test_hosts_to_reset_are_those_of_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An exercise has its hosts, a host is itself, no name is all of them; without a seat there is none."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    lab, own = load.read_named("tp4"), [flow.look_up("tp4", "ada").seat]
    hosts = [class_work.hosts_to_reset(lab, own, name) for name in ("nfs", "desktop", "")]
    assert [("server", "client"), ("desktop",), ("server", "client", "desktop")] == hosts
    assert () == class_work.hosts_to_reset(lab, [], "nfs")
    assert "web" == error_of(InputError, class_work.hosts_to_reset, lab, own, "web").values["name"]
