"""Measurements that hold until the machine starts anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.providers import trial_record
from tests.support.errors import error_of


def test_result_holds_until_the_next_boot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty result is a result, too; before any there is none."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(trial_record, "BOOT_ID", tmp_path / "boot")
    (tmp_path / "boot").write_text("first\n")
    results = ["", "two words"]
    assert None is trial_record.read("thing")
    assert ["", ""] == [trial_record.after_boot("thing", lambda: results.pop(0)) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        assert {""} == set(pool.map(lambda _: trial_record.after_boot("other", lambda: ""), range(8)))
    (tmp_path / "boot").write_text("second\n")
    assert (None, "two words", "two words") == (
        trial_record.read("thing"),
        trial_record.after_boot("thing", results.pop),
        trial_record.read("thing"),
    )


def test_result_of_a_full_disk_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A trial that writes would fail, and the hosts would have no users of their own until the next boot."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(state, "has_room", lambda size: False)
    error = error_of(MachineryError, trial_record.after_boot, "thing", lambda: "works")
    assert (str(tmp_path), "works", None) == (
        error.place,
        trial_record.record("thing", "works"),
        trial_record.read("thing"),
    )
