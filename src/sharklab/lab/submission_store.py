"""The submissions that students handed in on the class server, which keeps them when seats are removed.

They are handed/<lab>/<student>-<time>-<digits>.sharklab in the state folder. No file replaces another.
"""

from __future__ import annotations

import time
from calendar import timegm
from collections.abc import Mapping
from pathlib import Path

from sharklab import state

STAMP = "%Y%m%dT%H%M%SZ"
"""The time in the name of a file (strftime(3)), in UTC."""


def folder(lab: str) -> Path:
    """Return where the submissions of a lab are kept. Raises InputError when a name cannot be a folder's."""
    return state.root() / "handed" / state.runs_folder(lab, "any").parent.name


def last(lab: str) -> Mapping[str, float]:
    """Return when each student handed in last for a lab (epoch seconds). Other files are left out."""
    moments: dict[str, float] = {}
    for file in folder(lab).glob("*.sharklab"):
        student, _, rest = file.name.removesuffix(".sharklab").rpartition("-")[0].rpartition("-")
        try:
            moment = float(timegm(time.strptime(rest, STAMP)))
        except ValueError:
            continue
        moments[student] = max(moment, moments.get(student, 0.0))
    return moments
