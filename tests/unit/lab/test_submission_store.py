"""The submissions that students handed in on the class server."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import state
from sharklab.lab import submission_store


def test_last_is_the_newest_of_each_student(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A student's name may have the sign that separates the parts; other files do not count."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    assert {} == submission_store.last("tp4")
    folder = state.folder(submission_store.folder("tp4"))
    for name in (
        "ada-19700101T000010Z-aa",
        "ada-19700101T000005Z-bb",
        "jean-luc-19700101T000001Z-cc",
        "x-y-z",
    ):
        (folder / f"{name}.sharklab").touch()
    (folder / "bob-19700101T000001Z-cc.txt").touch()
    files = sorted(folder.iterdir())
    for order in (files, files[::-1]):  # as the file system may have it
        monkeypatch.setattr(
            Path, "glob", lambda own, pattern, order=order: [f for f in order if f.match(pattern)]
        )
        assert {"ada": 10.0, "jean-luc": 1.0} == submission_store.last("tp4")
