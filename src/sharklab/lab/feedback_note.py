"""The gradebook that a class has on this computer, and whether its students may read their feedback."""

from __future__ import annotations

import json
import time
from pathlib import Path

from sharklab import state
from sharklab.errors import InputError
from sharklab.message import N_


def folder(lab: str) -> Path:
    """Return the folder of the gradebook. Raises InputError when a name cannot be a folder's."""
    return state.root() / "gradebooks" / state.seat_folder(lab, "any").parent.name


def give(lab: str, is_given: bool) -> None:
    """Let each student read their own feedback, or nobody. Raises InputError before there is any."""
    if is_given and not any(folder(lab).glob("class.*.html")):
        raise InputError(N_("the class is not graded yet"), hint="sharklab grade", place=str(folder(lab)))
    state.folder(_file(lab).parent)
    state.write(_file(lab), json.dumps({"given": time.time() if is_given else 0.0}))


def is_given(lab: str) -> bool:
    """Tell whether students may read their feedback. Nobody reads what nobody has given."""
    try:
        return float(json.loads(_file(lab).read_text())["given"]) > 0
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _file(lab: str) -> Path:
    return state.root() / "workbench" / "feedback" / f"{folder(lab).name}.json"
