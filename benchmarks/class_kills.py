"""Kill `seats up` at random moments, and look for what is left after `seats up` and `seats down`.

    python benchmarks/class_kills.py [--cycles N] [--minutes N] [--labs LAB,LAB...] [--seed N]

Each cycle brings two seats up, kills the command (SIGKILL) at a random moment, brings them up again, and
removes them. Then no process, control group, namespace, mount, loop device or file of theirs may be there.
The labs take turns, and one may be named twice. No cycle begins after the minutes. The exit code is 3 when
something is left, or a command failed. Run it as root, from the checkout with its packages: PYTHONPATH=src:.
and the environment's python.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sharklab import state
from sharklab.hosts.providers import cgroups, network
from sharklab.lab import load, seat
from sharklab.lab.model import Seat

STUDENTS = ("kills-1", "kills-2")
MACHINERY = 3


def call(*words: str) -> tuple[list[str], float]:
    """Run a verb to its end; return what went wrong, and the seconds."""
    begun = time.monotonic()
    done = subprocess.run(command(*words), capture_output=True, text=True, check=False)
    faults = [f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"]
    return faults if done.returncode else [], time.monotonic() - begun


def command(*words: str) -> list[str]:
    """Return the command line of a verb."""
    return [sys.executable, "-P", "-m", "sharklab", *words]


def kill(words: list[str], seconds: float) -> None:
    """Start a verb and kill it after some seconds, or let it end before."""
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        with suppress(subprocess.TimeoutExpired):
            run.wait(seconds)
        run.kill()


def remains(own: Seat) -> Iterator[str]:
    """Yield what is left of a seat that was removed."""
    yield from (f"control group {unit}" for unit in cgroups.units(f"{network.namespace(own.id)}-*"))
    yield from (f"namespace {name}" for name in network.namespaces(own.id))
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    yield from (f"mount {line}" for line in lines if str(own.folder) in line or own.id in line)
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if own.id in words or str(own.folder) in words:
                yield f"process {words}"
    loops = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "BACK-FILE"], capture_output=True
    )
    yield from (f"loop device {line}" for line in loops.stdout.decode().splitlines() if own.id in line)
    files = state.root().glob(f"*{own.id}*")
    yield from (f"file {file}" for file in [*files, *([own.folder] if own.folder.exists() else [])])
    yield from (f"file {file}" for file in Path("/run").glob(f"**/*{own.id}*"))


def cycle(lab: str, roster: Path, seconds: float, own: list[Seat]) -> list[str]:
    """Kill `seats up` after some seconds, finish it, remove the seats; return the faults."""
    up = ("seats", "up", lab, "--roster", str(roster))
    kill(command(*up), seconds)
    faults, _ = call(*up)
    faults += call("seats", "down", lab, "--roster", str(roster), "--yes")[0]
    return faults + [f"{each.student}: {left}" for each in own for left in remains(each)]


def main() -> int:
    """Do the cycles and print a line for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--labs", default="tcpdump")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    labs, chance, bad = args.labs.split(","), random.Random(args.seed), 0  # noqa: S311 (a moment, no secret)
    own = {lab: seat.register_all(load.read_named(lab), STUDENTS) for lab in labs}
    with tempfile.TemporaryDirectory() as place:
        roster = Path(place) / "roster.csv"
        roster.write_text("\n".join(["student", *STUDENTS, ""]))
        whole = {lab: measure(lab, roster, args.seed) for lab in own}
        done, end = 0, time.monotonic() + 60 * args.minutes
        while done < args.cycles and time.monotonic() < end:
            lab = labs[done % len(labs)]
            done += 1
            seconds = chance.uniform(0.3, whole[lab])
            faults = cycle(lab, roster, seconds, own[lab])
            bad += bool(faults)
            print(
                f"{done}: {lab}, killed after {seconds:.1f} s: {'; '.join(faults) or 'nothing is left'}",
                flush=True,
            )
    print(f"{bad} of {done} cycles left something or failed")
    return MACHINERY if bad else 0


def measure(lab: str, roster: Path, seed: int) -> float:
    """Return the seconds that the seats take to come up without a kill; their image is made before."""
    faults, _ = call("image", "build", lab)
    more, whole = call("seats", "up", lab, "--roster", str(roster))
    faults += more
    faults += call("seats", "down", lab, "--roster", str(roster), "--yes")[0]
    print(f"lab {lab}, seed {seed}: up takes {whole:.1f} s", *faults, sep="\n", flush=True)
    return whole


if __name__ == "__main__":
    sys.exit(main())
