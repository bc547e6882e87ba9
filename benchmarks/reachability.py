"""What the matrix of the lab reachability costs: all its commands one after the other, and side by side.

Run it as root by the Python of sharklab's own environment (`sharklab doctor` names it):

    .../venv/.../bin/python benchmarks/reachability.py [fast] [real]

Each pace is run once on one seat, which is removed at the end; `real` takes seven minutes, because the most
patient tool (links, three times over) waits that long for a port that drops everything. Sum and wall time are
of the matrix's commands alone, from the first start to the last end; the run is everything, with the report.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from sharklab.evidence import run_folder
from sharklab.lab import load
from sharklab.lab.matrices import PACES

ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8"}
STUDENT = "bench-reachability"
ARTICLE = 2258
"""Seconds that the article's own 72 commands took, one after the other."""


def sharklab(*words: str) -> str:
    """Run the command line and return what it prints; what is not achieved is no failure here."""
    command = [sys.executable, "-m", "sharklab", *words, "--student", STUDENT]
    done = subprocess.run(command, cwd=ROOT, env=ENV, stdout=subprocess.PIPE, text=True)
    if done.returncode > 1:
        raise SystemExit(done.returncode)
    return done.stdout


def measure(pace: str) -> None:
    """Run the lab at that pace and print what it took."""
    clock = time.monotonic()
    said = json.loads(sharklab("run", "reachability", "--pace", pace, "--output", "json"))
    took = time.monotonic() - clock
    found = run_folder.read(Path(said["run"])).probes
    lab = load.read_named("reachability")
    cells = [found[trial.probe] for matrix in lab.matrices for trial in matrix.trials]
    total = sum(cell.duration for cell in cells)
    wall = max(cell.started + cell.duration for cell in cells) - min(cell.started for cell in cells)
    slowest = max(cells, key=lambda cell: cell.duration)
    times, patience = total / wall, wall / slowest.duration
    print(
        f"{pace}: {len(cells)} commands, sum {total:.0f} s, side by side {wall:.1f} s, {times:.1f} times less"
    )
    print(f"    slowest: {slowest.id} {slowest.duration:.1f} s; side by side takes {patience:.3f} times that")
    print(
        f"    the run with captures, verdicts and reports: {took:.1f} s; achieved: {said['achieved']}",
        flush=True,
    )


def main(paces: list[str]) -> None:
    """Bring a seat up, run each pace, remove the seat."""
    print(
        f"{os.cpu_count()} cores; the article's 72 commands took {ARTICLE} s one after the other", flush=True
    )
    try:
        sharklab("up", "reachability")
        for pace in paces:
            measure(pace)
    finally:
        sharklab("down", "reachability")


if __name__ == "__main__":
    if not set(sys.argv[1:]) <= set(PACES):
        sys.exit(f"usage: {sys.argv[0]} [{'] ['.join(PACES)}]")
    main(sys.argv[1:] or list(PACES))
