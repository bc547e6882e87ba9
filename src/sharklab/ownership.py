"""Ownership: files that root writes into a user's state folder belong to the user."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path, PurePath

KEPT = ("images", "venv", "seats/*/*/hosts/*/*")
"""Folders whose files stay as they are: file systems of hosts with owners of their own, and pip's work."""


def give_back(state: Path) -> None:
    """Give root's files in `state` to the folder's owner. For callers other than root this does nothing.

    Links are not followed and folders are held open while they are walked, so that nothing outside
    the state folder can change hands (fchownat(2), AT_SYMLINK_NOFOLLOW).
    """
    if os.geteuid() != 0 or not state.exists() or state.stat().st_uid == 0:
        return
    owner = state.stat()
    for path, folders, files, handle in os.fwalk(state, follow_symlinks=False):
        here = PurePath(path).relative_to(state)
        folders[:] = [name for name in folders if not _is_kept(here / name)]
        for name in (*folders, *files):
            _give(name, handle, owner)


def give_like_folder(*paths: Path) -> None:
    """Give each of `paths` that root owns to the owner of its folder, who asked for it through sudo(8)."""
    for path in paths:
        owner = path.absolute().parent.stat()
        status = path.lstat()
        if os.geteuid() == 0 and status.st_uid == 0 != owner.st_uid:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _is_kept(folder: PurePath) -> bool:
    return any(len(folder.parts) == kept.count("/") + 1 and folder.match(kept) for kept in KEPT)


def _give(name: str, folder: int, owner: os.stat_result) -> None:
    with suppress(FileNotFoundError):  # another run may remove it meanwhile
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid == 0:
            os.chown(name, owner.st_uid, owner.st_gid, dir_fd=folder, follow_symlinks=False)
