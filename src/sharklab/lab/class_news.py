"""A sign for the pages of a class that run: a command has changed something that they show."""

from __future__ import annotations

from pathlib import Path

from sharklab import state


def tell(lab: str) -> None:
    """Leave the sign. Raises InputError when a name cannot be a folder's."""
    state.folder(_file(lab).parent)
    state.write(_file(lab), "")


def last(lab: str) -> int:
    """Return the time of the last sign, in nanoseconds (st_mtime_ns); 0 for none."""
    try:
        return _file(lab).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _file(lab: str) -> Path:
    return state.root() / "workbench" / "news" / state.seat_folder(lab, "any").parent.name
