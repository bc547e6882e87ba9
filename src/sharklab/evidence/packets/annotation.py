"""Write comments on packets into a copy of a capture, where Wireshark shows them (pcapng, editcap(1))."""

from __future__ import annotations

from collections.abc import Mapping

from sharklab.evidence.packets import box
from sharklab.evidence.packets.container import Container
from sharklab.limits import TOOL, ToolLimits

LONGEST = 1000
"""Characters of a comment. A command line takes 2 MiB (execve(2)): `explain.LIMIT` comments fit."""


def annotate(capture: Container, comments: Mapping[int, str], limits: ToolLimits = TOOL) -> bytes:
    """Return the capture as pcapng with `comments`, which are by packet number (from 1).

    Raises MachineryError when editcap is missing or broken, or needs more than `limits` allow.
    """
    options = ["-F", "pcapng", *_options(comments), "-", "-"]
    with box.run("editcap", options, capture.path, limits, capture.whole) as copy:
        return copy.read()


def _options(comments: Mapping[int, str]) -> list[str]:
    return [word for number, text in comments.items() for word in ("-a", f"{number}:{text[:LONGEST]}")]
