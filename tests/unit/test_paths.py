"""Folders and names of labs, as a user writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import paths


@pytest.mark.parametrize(
    ("lab", "folder", "name"),
    [
        ("tp4", None, "tp4"),
        (".", "", "here"),
        ("..", "..", "around"),
        ("./mylab", "mylab", "mylab"),
        ("mylab/", "mylab", "mylab"),
        ("a/../mylab", "mylab", "mylab"),
    ],
)
def test_lab_is_a_name_or_a_folder(
    lab: str, folder: str | None, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder has a slash, or is "." or ".."; its last part is the name of the lab."""
    here = tmp_path / "around" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    expected = None if folder is None else here.parent if folder == ".." else here / folder
    assert (expected, name) == (paths.lab_folder(lab), paths.lab_name(lab))


def test_lab_folder_keeps_the_name_of_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The target of a link may have another name than the lab."""
    (tmp_path / "link").symlink_to("target")
    monkeypatch.chdir(tmp_path)
    assert tmp_path / "link" == paths.lab_folder("./link")


def test_parts_of_the_checkout_are_there() -> None:
    """Whoever starts the package finds labs, roles and playbooks beside it."""
    parts = (paths.LABS, paths.ROLES, paths.PLAYBOOKS, paths.SOURCE)
    assert [True] * 4 == [path.is_dir() and path.is_relative_to(paths.ROOT) for path in parts]
