"""Measure `seats create` for classes of several sizes and compare the cost of one student.

    python benchmarks/seats.py [STUDENTS...]

Run it from the checkout with its packages: PYTHONPATH=src:. and the environment's python.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (150, 1500)


def measure(students: int, folder: Path) -> tuple[float, float]:
    """Return seconds by the clock and of CPU that the seats of a new class take."""
    roster = folder / "roster.csv"
    lines = (f"etu{number:05},Étudiant {number},etu{number:05}@uni.example" for number in range(students))
    roster.write_text("\n".join(["student,name,email", *lines, ""]))
    argv = [sys.executable, "-m", "sharklab", "seats", "create", str(roster), "--lab", "tp4"]
    state = {"SHARKLAB_STATE": str(folder / "state")}
    spent, began = _cpu(), time.monotonic()
    subprocess.run(
        [*argv, "-o", str(folder / "seats")], env=os.environ | state, check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - began, _cpu() - spent


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(sizes: tuple[int, ...]) -> None:
    """Print a row for each size, and how much more CPU a student of the largest class costs."""
    print("| students | s | CPU s | CPU ms for each student |\n| ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as place:
        start = measure(1, Path(place))[1]
    costs = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as place:
            took, spent = measure(size, Path(place))
        costs.append((spent - start) / size)
        print(f"| {size} | {took:.1f} | {spent:.1f} | {1000 * costs[-1]:.2f} |", flush=True)
    print(f"\nratio of the last to the first: {costs[-1] / costs[0]:.2f}")


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
