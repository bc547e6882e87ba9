"""Read the list of students that an option names, and say what was mended in it."""

from __future__ import annotations

from pathlib import Path

from sharklab.cli.options import Options
from sharklab.cli.say import warn
from sharklab.lab import roster
from sharklab.lab.roster import Student


def read(args: Options) -> tuple[Student, ...]:
    """Return the students of `--roster`, none without it. Raises InputError as `roster.read` does."""
    return roster.read(Path(args.roster), lambda message: warn(args, [message])) if args.roster else ()
