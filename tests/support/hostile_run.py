"""Read hostile files in a process of its own, within limits, and print what is said of each as JSON.

python -m tests.support.hostile_run SECONDS MEMORY captures|bundles [KIND...]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from sharklab.errors import SharklabError
from sharklab.evidence.capture import RecordedCapture
from sharklab.grading.submission import bundle
from tests.support import hostile_bundles, hostile_captures


def capture(path: Path) -> str:
    """Return what is said of a capture that is read as those of a submission are."""
    try:
        facts = RecordedCapture("any", "client", path).facts
    except SharklabError as error:
        return f"{type(error).__name__}: {error.message}"
    if facts.problem:
        return str(facts.problem)
    return f"{len(facts.packets)} packets" + (", cut" if facts.cut else "")


def submission(path: Path) -> str:
    """Return what is said of a bundle that is unpacked."""
    with tempfile.TemporaryDirectory() as into:
        try:
            found = bundle.unpack(path, Path(into), key_of=lambda lab, student: bytes(32))
        except SharklabError as error:
            return f"{type(error).__name__}: {error.message}"
    said = "; ".join(f"{problem.file}: {problem.reason}" for problem in found.problems)
    return f"{found.seal}, {len(found.captures)} captures" + (f"; {said}" if said else "")


ROOMS = {"captures": (hostile_captures.CAPTURES, capture), "bundles": (hostile_bundles.BUNDLES, submission)}
"""By room: what makes each kind of file, and what looks at it."""


def main(seconds: str, memory: str, room: str) -> None:
    """Print what is said of each kind of file of a room, by kind.

    `seconds` of CPU are for all of them, `memory` (bytes of address space) holds while one is looked at.
    """
    makers, look = ROOMS[room]
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    said = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, kind in enumerate(makers):
            path = Path(folder) / str(number)
            makers[kind][0](path)
            said[kind] = _within(int(memory), look, path)
            path.unlink()
    print(json.dumps(said))


def _within(memory: int, look: Callable[[Path], str], path: Path) -> str:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory, hard))
    try:
        return look(path)
    except MemoryError:
        return "out of memory"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


if __name__ == "__main__":
    main(*sys.argv[1:])
