"""Measure each two faults of one service that can meet on a host, on a seat of `pannes` that is up.

    python benchmarks/fault_pairs.py STUDENT [--lab LAB] [--minutes N] [FAULT...]

Run it as faults.py. Two faults are injected and repaired, in either order. The order changes nothing. The
effects of both are lost, and both repairs together bring them back. `fault_pairs.txt` keeps the pairs that
are as listed. The next run leaves them out. No pair begins after the N minutes.
"""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from benchmarks import fault_seat
from benchmarks.fault_seat import Measured, inject, prepare, script, ssh, tried
from sharklab.lab.model import Plan

PAIRS = Path(__file__).with_name("fault_pairs.txt")

TOGETHER: Mapping[str, tuple[str, str, str, int]] = {
    "net-no-way-back": ("archive", "server", "tcp", 443),
    "net-wrong-gateway": ("archive", "server", "tcp", 443),
}
"""The conversation of a fault in a pair whose other fault is about the server itself."""


def pairs(plan: Plan, ids: Sequence[str]) -> list[tuple[Measured, Measured]]:
    """Return each two faults of one service that can meet on a host, and were not found as listed before."""
    before = PAIRS.read_text().splitlines()
    known = [
        *(prepare(plan, id) for id in ids),
        *(prepare(plan, id, TOGETHER) for id in ids if id in TOGETHER),
    ]
    known.sort(key=lambda each: each.fault.id)
    return [
        (one, other)
        for one, other in combinations(known, 2)
        if one.host == other.host
        and f"{one.fault.id} {other.fault.id}" not in before
        and one.fault.id.partition("-")[0] == other.fault.id.partition("-")[0]
        and not one.fault.touches & other.fault.touches
    ]


def meet(pair: tuple[Measured, Measured]) -> Iterator[str]:
    """Yield everything in which two faults are not independent of each other."""
    states = []
    for turn in (pair, pair[::-1]):
        order = " then ".join(each.fault.id for each in turn)
        if said := "".join(map(inject, turn)):
            yield f"{order}: inject says {said!r}"
        states.append(ssh(turn[0].plan, turn[0].host, fault_seat.STATE).stdout)
        fault_seat.settle(turn[0])
        for each in turn if all(each.fault.lasts != "boot" for each in turn) else ():
            if there := [name for name, good in tried(each).items() if good]:
                yield f"{order}: {each.fault.id} leaves {there}"
        for each in turn:
            done = ssh(each.plan, each.host, script(each, "repair"))
            if done.returncode or done.stderr:
                yield f"{order}: repair of {each.fault.id} says {done.stdout + done.stderr!r}"
        if lacking := [name for each in turn for name, good in tried(each).items() if not good]:
            yield f"{order}: not back: {lacking}"
            ssh(turn[0].plan, turn[0].host, fault_seat.RESTORE)
    if states[0] != states[1]:
        lines = difflib.ndiff(states[0].splitlines(), states[1].splitlines())
        yield f"the order changes the host: {[line for line in lines if line[0] in '+-']}"


def meet_all(plan: Plan, ids: Sequence[str], minutes: float) -> int:
    """Measure pairs until some minutes are over, keep those as listed, and return how many are not."""
    wrong, end = 0, time.monotonic() + 60 * minutes
    for one, other in pairs(plan, ids):
        if time.monotonic() > end:
            break
        name = f"{one.fault.id} {other.fault.id}"
        if fault_seat.report(name, meet((one, other))):
            wrong += 1
        else:
            with PAIRS.open("a") as file:
                file.write(f"{name}\n")
    return wrong


def main() -> int:
    """Measure each pair, print a line for each, and return how many are not as listed."""
    parser = fault_seat.make_parser()
    parser.add_argument("--minutes", type=float, default=600)
    args = parser.parse_intermixed_args()
    return meet_all(*fault_seat.begin(args), args.minutes)


if __name__ == "__main__":
    sys.exit(main())
