"""How often a lab fails on a busy machine: runs it again and again on one seat, and counts what fails.

Run it as root by the Python of sharklab's own environment (`sharklab doctor` names it), beside other work:

    .../venv/.../bin/python benchmarks/lab_runs.py LAB [RUNS]

Each run prints its seconds and the load. A run fails when the command fails, or when an exercise is not
achieved; the reason is printed, and the folder of a failed run is kept. At the end stands how many failed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8"}
SHOWN = 300
"""Characters of a reason that are printed."""


def sharklab(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line, and return what it said."""
    command = [sys.executable, "-m", "sharklab", *words]
    return subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True)


def run_once(lab: str, student: str) -> str:
    """Run the lab on its seat; return why the run failed, "" where it did not."""
    done = sharklab("run", lab, "--student", student, "--os", "debian12", "--output", "json")
    if done.returncode > 1 or not done.stdout:
        return f"exit {done.returncode}: {done.stderr[-SHOWN:]}"
    said = json.loads(done.stdout)
    lost = [name for name, achieved in said["exercises"].items() if not achieved]
    if not lost:
        shutil.rmtree(said["run"])
    return f"not achieved: {', '.join(lost)}; {said['run']}" if lost else ""


def main(lab: str, runs: int) -> None:
    """Run the lab `runs` times, and print how often it failed; the seat is removed at the end."""
    student, failed, loads, began = f"runs-{lab}", 0, list[float](), time.monotonic()
    try:
        for number in range(1, runs + 1):
            start = time.monotonic()
            reason = run_once(lab, student)
            failed += bool(reason)
            loads.append(os.getloadavg()[0])
            took = time.monotonic() - start
            print(
                f"{lab} {number}: {took:.0f} s, load {loads[-1]:.0f}, {reason or 'all achieved'}", flush=True
            )
    finally:
        sharklab("down", lab, "--student", student)
        took = (time.monotonic() - began) / 60
        load = f"load {min(loads):.0f} to {max(loads):.0f}" if loads else "no run"
        print(f"{lab}: {failed} of {len(loads)} runs failed, {load}, {took:.0f} minutes", flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: {sys.argv[0]} LAB [RUNS]")
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 50)
