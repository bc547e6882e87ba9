"""The file of a note about a student of a class: `<state folder>/workbench/<kind>/<lab>/<student>.json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.message import N_, Message

PATIENCE = 10.0
"""Seconds that a change waits for another one."""


def file_of(kind: str, lab: str, student: str) -> Path:
    """Return the file of a note of `kind` ("board", "help")."""
    place = state.seat_folder(lab, student)
    return state.root() / "workbench" / kind / place.parent.name / f"{place.name}.json"


def change(kind: str, lab: str, student: str, make: Callable[[], Mapping[str, Any]]) -> None:
    """Write the note that `make` returns; no other process changes the note while `make` reads the old one.

    Raises MachineryError when another change takes longer than `PATIENCE`.
    """
    file = file_of(kind, lab, student)
    what = Message(N_("the notes about {student}"), {"student": student})
    with state.lock(file.with_name(f".{file.name}.lock"), what, PATIENCE):
        state.write(file, json.dumps(make()))
