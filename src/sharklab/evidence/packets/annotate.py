"""Write comments on packets into a copy of a capture, where Wireshark shows them (pcapng, editcap(1))."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sharklab.evidence.packets import box, container
from sharklab.limits import TOOL, ToolLimits

LONGEST = 1000
"""Characters of a comment. A command line takes 2 MiB (execve(2)): `explain.LIMIT` comments fit."""


def annotate(path: Path, comments: Mapping[int, str], limits: ToolLimits = TOOL) -> bytes:
    """Return the capture in `path` as pcapng with `comments`, which are by packet number (from 1).

    Raises InputError when the file is no capture or is more than `limits` allow, and MachineryError
    when editcap is missing or broken.
    """
    whole = container.open_capture(path).whole
    with box.run("editcap", ["-F", "pcapng", *_options(comments), "-", "-"], path, limits, whole) as copy:
        return copy.read()


def _options(comments: Mapping[int, str]) -> list[str]:
    return [word for number, text in comments.items() for word in ("-a", f"{number}:{text[:LONGEST]}")]
