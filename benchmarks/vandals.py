"""Measure what a seat feels of a vandal who is root in another seat.

    python benchmarks/vandals.py [SECONDS]

Two seats of one host each come up from the base image. In one of them a vandal forks, fills memory, fills the
disk, or keeps every processor busy, SECONDS long. Meanwhile a command is sent to the other seat over its open
SSH connection, again and again: the table shows how long it took. Run it as root from the checkout with its
packages: PYTHONPATH=src:. and the environment's python.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sharklab.hosts import providers
from sharklab.hosts.providers import cgroups, network, nspawn
from sharklab.lab.model import Plan
from tests.support import provider_seat
from tests.support.vandals import BEGIN, VANDALS

SECONDS = 15.0
COMMAND = "ls -l /etc >/tmp/list && python3 -I -S -c pass"
"""A student's command: it starts processes, reads and writes."""


def ask(own: Plan, command: str) -> subprocess.Popen[bytes]:
    """Start a command on the seat's host."""
    words = ["ssh", "-F", str(own.seat.folder / "ssh" / "config"), "server", command]
    return subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def attack(own: Plan, vandal: str, seconds: float) -> subprocess.Popen[bytes]:
    """Let a vandal loose on the seat's host."""
    child = ask(own, f"python3 - {seconds}")
    if child.stdin:
        child.stdin.write((BEGIN + vandal).encode())
        child.stdin.close()
    return child


def feel(own: Plan, seconds: float) -> list[float]:
    """Return how long each command on the seat's host took, one after another, in milliseconds."""
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        ask(own, COMMAND).communicate()
        took.append(1000 * (time.monotonic() - began))
    return took


def main(seconds: float) -> None:
    """Print a row for each vandal."""
    layers, hosts = provider_seat.bare(), providers.get("nspawn")
    print("| vandal in another seat | commands | median, ms | 95 of 100 within | longest | the vandal had |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    with tempfile.TemporaryDirectory() as place:
        os.environ["SHARKLAB_STATE"] = str(Path(place) / "state")
        victim, bad = (
            provider_seat.plan(name, number, ("server",)) for name, number in (("eve", 220), ("mal", 221))
        )
        try:
            for own in (victim, bad):
                hosts.up(own, layers, lambda _: None)
            for name, vandal in {"nobody": "", **VANDALS}.items():
                row(name, vandal, victim, bad, seconds)
        finally:
            for own in (victim, bad):
                hosts.down(own.seat)


def row(name: str, vandal: str, victim: Plan, bad: Plan, seconds: float) -> None:
    """Print the row of one vandal."""
    child = attack(bad, vandal, seconds + 1)
    time.sleep(1)
    took = sorted(feel(victim, seconds))
    unit = network.namespace(bad.seat.id, "server")
    used = cgroups.usage(unit)
    said = "; ".join(map(str, nspawn.find_reached_limits(unit, "server")))
    child.wait()
    late = took[int(0.95 * len(took))]
    print(
        f"| {name} | {len(took)} | {statistics.median(took):.0f} | {late:.0f} | {took[-1]:.0f} "
        f"| {used.processes} processes, {used.memory / 2**20:.0f} MiB{f' ({said})' if said else ''} |",
        flush=True,
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
