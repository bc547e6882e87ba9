"""Files that root gives back to the user."""

from __future__ import annotations

import os
from pathlib import Path

from sharklab import ownership


def test_give_back_gives_results_but_no_file_of_a_host(tmp_path: Path) -> None:
    """Evidence and seats become the owner's; layers, images and what a link points to stay root's."""
    outside = tmp_path / "outside"
    outside.touch()
    state = tmp_path / "state"
    given = ["runs/tp4/images/r1/manifest.json", "seats/tp4/al/hosts/server/console.log", "course/secret"]
    kept = ["images/debian12/root/etc", "seats/tp4/al/hosts/server/upper/etc", "venv/lib"]
    for name in (*given, *kept):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).touch()
    (state / "runs" / "link").symlink_to(outside)
    os.chown(state, 4321, 4321)
    ownership.give_back(state)
    assert [4321] * len(given) == [(state / name).stat().st_uid for name in given]
    assert [0] * len(kept) == [(state / name).stat().st_uid for name in kept]
    assert (0, 4321) == (outside.stat().st_uid, (state / "runs" / "link").lstat().st_uid)


def test_give_back_leaves_roots_own_state_alone(tmp_path: Path) -> None:
    """Root's own state folder stays as it is."""
    (tmp_path / "file").touch()
    os.chown(tmp_path / "file", 4321, 4321)
    ownership.give_back(tmp_path)
    assert 4321 == (tmp_path / "file").stat().st_uid
