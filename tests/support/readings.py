"""What Wireshark's tools print of a capture, kept for tests that read the same bytes again.

tshark takes a third of a CPU-second to start, and most of these tests read captures that others have read.
The output is tshark's own, of the same tool, options, limits and bytes; an error is never kept.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from sharklab.evidence.packets import box
from sharklab.limits import CAPTURE, ToolLimits

Run = Callable[..., IO[bytes]]


def keep(folder: Path, run: Run = box.run) -> Run:
    """Return a function that does what `box.run` does, and keeps outputs in `folder`."""

    def run_once(
        tool: str,
        options: Sequence[str],
        capture: Path,
        limits: ToolLimits,
        content: bytes | None = None,
        most: int = CAPTURE.bytes,
    ) -> IO[bytes]:
        data = content if content is not None else _content(capture, most)
        if data is None:
            return run(tool, options, capture, limits, content, most)
        call = repr((shutil.which(tool), tuple(options), limits, most))
        kept = folder / hashlib.sha256(call.encode() + data).hexdigest()
        if not kept.exists():
            with run(tool, options, capture, limits, content, most) as output:
                own = kept.with_suffix(f".{os.getpid()}")
                own.write_bytes(output.read())
                own.rename(kept)
        return kept.open("rb")

    return run_once


def _content(capture: Path, most: int) -> bytes | None:
    """Return the bytes of an ordinary file within the limit, None for everything else."""
    if capture.is_symlink() or not capture.is_file() or capture.stat().st_size > most:
        return None
    return capture.read_bytes()
