"""Captures in files, opened and read in one step, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sharklab.evidence.capture import Counted, RecordedCapture, read_all, read_few
from sharklab.evidence.packets import read
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.model import DecodedCapture, Facts
from sharklab.limits import TOOL, ToolLimits

COUNTED = Counted(packets=1, dropped=0, began=0.0, ended=1.0)
"""The figures of a run of tcpdump."""


def recording(path: Path, limits: ToolLimits = TOOL) -> DecodedCapture:
    """Return the packets of the capture in `path`. Raises as `open_capture` and `read` do."""
    return read(open_capture(path), limits)


def alone(paths: Iterable[Path]) -> dict[Path, Facts]:
    """Return the facts of each capture, read alone."""
    captures = [RecordedCapture(path.name, "client", path) for path in paths]
    read_all(captures)
    return {capture.path: capture.facts for capture in captures}


def together(paths: Iterable[Path]) -> dict[Path, Facts]:
    """Return the facts of each capture, read with as few calls of tshark as can be."""
    captures = [RecordedCapture(path.name, "client", path) for path in paths]
    read_few(captures)
    return {capture.path: capture.facts for capture in captures}


def with_facts(path: Path, facts: Facts, counted: Counted | None = None, id: str = "") -> RecordedCapture:
    """Return a capture of a client that shows `facts`, whatever its file holds."""
    capture = RecordedCapture(id or path.stem, "client", path, counted)
    capture.facts = facts
    return capture
