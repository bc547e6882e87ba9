"""Paths: of the parts of the checkout, which lie beside the code, and of labs that users name."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LABS = ROOT / "labs"
ROLES = ROOT / "roles"
PLAYBOOKS = ROOT / "playbooks"
SOURCE = Path(__file__).resolve().parent


def lab_folder(lab: str) -> Path | None:
    """Return the folder that `lab` is, absolute and without ".."; None if `lab` is a lab's name.

    A folder has a slash in it, or is "." or "..".
    """
    if "/" not in lab and lab not in (".", ".."):
        return None
    return Path(os.path.abspath(lab))  # noqa: PTH100 (resolve() follows links, which may have other names)


def lab_name(lab: str) -> str:
    """Return the name of the lab that `lab` (a name or a folder) means, whether or not it exists."""
    folder = lab_folder(lab)
    return folder.name if folder else lab
