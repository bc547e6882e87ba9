"""Remember the rows of Moodle's worksheets that a gradebook filled: a later run removes the old ones.

A worksheet may have grades of the instructor's own. sharklab removes only what is still as it wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sharklab import state
from sharklab.grading.gradebook import work_item

FilledRows = Mapping[str, tuple[str, str]]
"""Grade and comment, as they were written, by the number of the participant in Moodle."""


def read(out: Path) -> FilledRows:
    """Return the rows that the gradebook in `out` filled; none if the record is missing or damaged."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        data = json.loads(_file(out).read_text(encoding="utf-8"))
        return {number: (str(grade), str(comment)) for number, (grade, comment) in data.items()}
    return {}


def write(out: Path, rows: FilledRows) -> None:
    """Write the rows that the gradebook in `out` has filled. Raises MachineryError when the disk is full."""
    state.write(_file(out), json.dumps(rows, ensure_ascii=False))


def _file(out: Path) -> Path:
    return state.folder(out / work_item.KEPT / "worksheets") / "rows.json"
