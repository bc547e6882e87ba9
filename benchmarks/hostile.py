"""Measure what hostile files cost: each kind in a process of its own, as a table in Markdown.

    python benchmarks/hostile.py [KIND...]

Run it from the checkout with its packages: PYTHONPATH=src:. and the environment's python.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.hostile_run import ROOMS

LOOK = """
import resource, sys
from pathlib import Path
from tests.support.hostile_run import ROOMS
said = ROOMS[sys.argv[1]][1](Path(sys.argv[2]))
print(*(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)), said)
"""


def measure(room: str, path: Path) -> tuple[float, float, int, int, str]:
    """Return seconds by the clock and of CPU, MiB of our own and of tshark, and what was said of a file."""
    cpu, began = _cpu(), time.monotonic()
    argv = [sys.executable, "-c", LOOK, room, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    own, tool, said = done.stdout.split(maxsplit=2)
    return time.monotonic() - began, _cpu() - cpu, int(own) >> 10, int(tool) >> 10, said.strip()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(wanted: list[str]) -> None:
    """Print a row for each kind."""
    print("| file | s | CPU s | MiB | MiB of tshark | outcome |\n| --- | ---: | ---: | ---: | ---: | --- |")
    for room, (makers, _) in ROOMS.items():
        for kind in makers:
            if not wanted or kind in wanted:
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "file"
                    makers[kind][0](path)
                    took, spent, own, tool, said = measure(room, path)
                print(f"| {kind} | {took:.1f} | {spent:.1f} | {own} | {tool} | {said[:90]} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
