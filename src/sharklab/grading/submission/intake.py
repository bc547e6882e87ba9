"""Take a recorded capture into a student's folder, under the name that the lab gives it; nothing is lost."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Sequence
from pathlib import Path

from sharklab import ownership, state
from sharklab.grading.submission import work
from sharklab.grading.submission.finding import EARLIER
from sharklab.lab.model import Capture, Plan

SUFFIXES = (".pcap", ".pcapng")


def captures(plan: Plan) -> list[Capture]:
    """Return the captures that the lab asks for."""
    return [capture for exercise in plan.lab.exercises for capture in exercise.captures]


def find_captures(plan: Plan, name: str) -> tuple[Capture, ...]:
    """Return the captures that `name` means: that of this id, or those of the exercise, if there are any."""
    exact = tuple(capture for capture in captures(plan) if capture.id == name)
    return exact or next((e.captures for e in plan.lab.exercises if e.id == name), ())


def id_of_file(plan: Plan, file: str) -> str:
    """Return the id of the capture that a file is named after, in whatever case; "" if there is none."""
    stem = file.rpartition("/")[2]
    while stem.casefold().endswith((*SUFFIXES, ".cap")):
        stem = stem.rpartition(".")[0]
    meant = [capture for name in (stem, stem.casefold()) for capture in find_captures(plan, name)]
    return meant[0].id if len({capture.id for capture in meant}) == 1 else ""


def present(folder: Path, id: str) -> Sequence[Path]:
    """Return the files that the folder has under the id of a capture."""
    files = (folder / work.CAPTURES / f"{id}{suffix}" for suffix in SUFFIXES)
    return [file for file in files if file.exists() or file.is_symlink()]


def has(folder: Path, id: str, recorded: Path) -> bool:
    """Tell whether the folder has just this file under the id."""
    there = present(folder, id)
    return bool(there) and all(
        file.is_file() and filecmp.cmp(file, recorded, shallow=False) for file in there
    )


def take(folder: Path, id: str, recorded: Path, format: str) -> tuple[Path, list[Path]]:
    """Move a capture to its place, and return it with the places of the files that were there before.

    `recorded` must be on the same file system. Raises MachineryError when the folder cannot be written.
    """
    target = state.folder(folder / work.CAPTURES) / f"{id}.{format}"
    ownership.give_like_folder(target.parent)
    kept = [_set_aside(folder, file) for file in present(folder, id)]
    recorded.chmod(0o644)
    os.replace(recorded, target)  # noqa: PTH105 (as Path.replace, and it says what it does)
    ownership.give_like_folder(target.parent, target)
    return target, kept


def _set_aside(folder: Path, file: Path) -> Path:
    earlier = state.folder(folder / EARLIER)
    ownership.give_like_folder(earlier)
    numbers = iter(range(1, 1_000_000))
    target = next(
        place for number in numbers if not (place := earlier / f"{file.stem}-{number}{file.suffix}").exists()
    )
    file.rename(target)
    ownership.give_like_folder(earlier, target)
    return target
