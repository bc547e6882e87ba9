"""Cut the power at random moments of `seats up`, and bring the seats up again.

    python benchmarks/class_power_cuts.py [--cycles N] [--lab LAB] [--seed N]

The state folder is a file system of its own, in a file. What stands in this file at the moment of the cut is
what a disk would have: the kernel still holds the rest in its memory. Each cycle copies the file at a moment
between the begin of `seats up` and some seconds after its end, removes the seats, and brings them up again
from the copy. Then every host has to answer. The exit code is 3 when one does not. Run it as root, from the
checkout with its packages: PYTHONPATH=src:. and the environment's python.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.class_kills import MACHINERY, call, command
from sharklab import state
from sharklab.cli import flow
from sharklab.hosts.providers import access
from sharklab.lab.model import Plan

STUDENTS = ("cuts-1", "cuts-2")
SIZE = 4 << 30
SHARED = ("images", "locale", "user-namespaces", "disk-files")
"""Parts of the usual state folder that the class has, too."""

END_LIMIT, PAUSE = 60.0, 0.1
"""Seconds until the processes of a killed command have ended, and between two looks."""

AFTER = 1.3
"""The last moment of a cut, in parts of the time that `seats up` takes."""


@contextmanager
def mounted(file: Path, at: Path) -> Iterator[None]:
    """Mount the file system of a file, until the last process of a killed command has ended."""
    subprocess.run(["mount", "-o", "loop", file, at], check=True)
    try:
        yield
    finally:
        deadline = time.monotonic() + END_LIMIT
        while subprocess.run(["umount", at], capture_output=True).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{at} is in use")
            time.sleep(PAUSE)


def new(file: Path, at: Path, shared: Path) -> None:
    """Make the file system of a new state folder."""
    file.unlink(missing_ok=True)
    with file.open("wb") as made:
        os.truncate(made.fileno(), SIZE)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", file], check=True)
    with mounted(file, at):
        own = state.folder(state.root())
        for name in SHARED:
            if (shared / name).exists():
                (own / name).symlink_to(shared / name)


def cut(file: Path, at: Path, up: tuple[str, ...], down: tuple[str, ...], seconds: float) -> list[str]:
    """Have `up` work for some seconds, leave in `file` what is on the disk then, and return the faults."""
    copy = file.with_suffix(".cut")
    with mounted(file, at):
        with subprocess.Popen(command(*up), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as work:
            time.sleep(seconds)  # the moment of the cut
            subprocess.run(["cp", "--sparse=always", file, copy], check=True)
            work.kill()
        faults, _ = call(*down)
    copy.replace(file)
    return faults


def silent(lab: str) -> Iterator[str]:
    """Yield the hosts that do not answer."""
    for student in STUDENTS:
        plan: Plan = flow.look_up(lab, student)
        for host in plan.hosts:
            words = ["ssh", "-F", str(access.folder(plan) / "config"), host.name, "true"]
            if subprocess.run(words, capture_output=True, check=False).returncode:
                yield f"{student}: {host.name} does not answer"


def cycle(file: Path, at: Path, lab: str, roster: Path, seconds: float, shared: Path) -> list[str]:
    """Cut the power after some seconds of `seats up`, bring the seats up again; return the faults."""
    up = ("seats", "up", lab, "--roster", str(roster))
    down = ("seats", "down", lab, "--roster", str(roster), "--yes")
    new(file, at, shared)
    faults = cut(file, at, up, down, seconds)
    with mounted(file, at):
        faults += call(*up)[0]
        faults += [*silent(lab)]
        faults += call(*down)[0]
    return faults


def main() -> int:
    """Do the cycles and print a line for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--lab", default="tcpdump")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    chance, bad, shared = random.Random(args.seed), 0, state.root()  # noqa: S311 (a moment, no secret)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file, at, roster = place / "disk", state.folder(place / "mounted"), place / "roster.csv"
        roster.write_text("\n".join(["student", *STUDENTS, ""]))
        os.environ["SHARKLAB_STATE"] = str(at / "state")
        new(file, at, shared)
        with mounted(file, at):
            call("image", "build", args.lab)
            faults, whole = call("seats", "up", args.lab, "--roster", str(roster))
            faults += call("seats", "down", args.lab, "--roster", str(roster), "--yes")[0]
        print(f"lab {args.lab}, seed {args.seed}: up takes {whole:.1f} s", *faults, sep="\n", flush=True)
        for number in range(1, args.cycles + 1):
            seconds = chance.uniform(0.3, AFTER * whole)
            faults = cycle(file, at, args.lab, roster, seconds, shared)
            bad += bool(faults)
            print(
                f"{number}: cut after {seconds:.1f} s: {'; '.join(faults) or 'all hosts answer'}", flush=True
            )
    print(f"after {bad} of {args.cycles} cuts a seat did not come up again")
    return MACHINERY if bad else 0


if __name__ == "__main__":
    sys.exit(main())
