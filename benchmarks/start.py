"""What a start state costs: a seat in it against a solved seat, a solution, and a reset of one host.

Run it as root by the Python of sharklab's own environment (`sharklab doctor` names it):

    .../venv/.../bin/python benchmarks/start.py [rounds]

The machine should be idle. The seats are brought up in turn, so that the ratio is of one run.
"""

from __future__ import annotations

import statistics
import sys

from tp4 import Figure, measure, sharklab, show


def main(rounds: int) -> None:
    """Measure `rounds` times each and print medians, and the ratio of both seats."""
    begun, solved, reset, everything = (list[Figure]() for _ in range(4))
    sharklab("image", "build", "tp4")
    sharklab("up", "tp4", "--student", "bench-image")
    sharklab("down", "tp4", "--student", "bench-image")
    for number in range(rounds):
        one, two = f"bench-s{number}", f"bench-t{number}"
        solved.append(measure(sharklab, "up", "tp4", "--solved", "--student", one))
        begun.append(measure(sharklab, "up", "tp4", "--student", two))
        everything.append(measure(sharklab, "solve", "tp4", "--student", two, "--yes"))
        reset.append(measure(sharklab, "reset", "tp4", "client", "--student", two, "--yes"))
        sharklab("down", "tp4", "--student", one)
        sharklab("down", "tp4", "--student", two)
    show("up --solved", solved)
    show("up, in the start state", begun)
    show("solve, all exercises", everything)
    show("reset, one host", reset)
    ratio = statistics.median(mine[0] / whole[0] for mine, whole in zip(begun, solved, strict=True))
    print(f"a seat in the start state takes {ratio:.2f} times the time of a solved seat")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
