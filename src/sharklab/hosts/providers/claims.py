"""The owner's mark of a seat on this machine: /run/sharklab/<seat id>/folder holds the seat's folder.

It is made before anything else of a seat and removed last, so that whatever a crash leaves can be
found and removed, and what belongs to another state folder is left alone. /run is emptied by a
reboot, as are namespaces and processes.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.message import N_

MARKS = Path("/run/sharklab")


def folder(seat_id: str) -> Path:
    """Return the folder of a seat's mark, which also holds the sockets of SSH connections."""
    return MARKS / seat_id


def file(seat_id: str) -> Path:
    """Return the file that names the seat's folder."""
    return folder(seat_id) / "folder"


def claim(seat_id: str, seat_folder: Path) -> None:
    """Mark the seat as that of `seat_folder`. Raises MachineryError when another folder has it."""
    holder = owner(seat_id)
    if holder not in (None, seat_folder):
        raise MachineryError(
            N_("seat {seat} of this machine belongs to another state folder"),
            place=str(holder),
            hint=N_("remove it there first (sharklab down with SHARKLAB_STATE set to that folder)"),
            seat=seat_id,
        )
    state.folder(folder(seat_id))
    state.write(file(seat_id), f"{seat_folder}\n")


def release(seat_id: str) -> None:
    """Remove the mark: nothing of the seat is left on the machine."""
    state.remove(folder(seat_id))
    with suppress(OSError):
        MARKS.rmdir()


def owner(seat_id: str) -> Path | None:
    """Return the folder of the seat that has this id on the machine, or None when it is free."""
    with suppress(FileNotFoundError):
        return Path(file(seat_id).read_text().rstrip("\n"))
    return None


def ids_below(seat_folder: Path) -> list[str]:
    """Return the ids that are marked as those of the seat in `seat_folder` or below it, sorted."""
    ids = [path.name for path in state.find(MARKS, "*/")]
    return [name for name in ids if (own := owner(name)) and own.is_relative_to(seat_folder)]
