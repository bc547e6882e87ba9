"""A course whose secret is known: the same student has the same seat, with the same faults, in every run."""

from __future__ import annotations

from pathlib import Path

from sharklab import state

SECRET = bytes(range(32)).hex()


def make(folder: Path) -> dict[str, str]:
    """Make the state folder of a computer with that course, and return the environment that names it.

    It shares the images of this computer, whose state folder is the one of now.
    """
    course = state.folder(folder / "course")
    state.write(course / "secret", f"{SECRET}\n", 0o600)
    (folder / "images").symlink_to(state.images_folder())
    return {"SHARKLAB_STATE": str(folder)}
