"""Keep a class at work for an hour, and show whether the memory of its server stays flat.

    python benchmarks/class_soak.py [--seats N] [--minutes N] [--every N] [--load SHARE] [--lab LAB]

The seats come up, and a gateway starts. Then the students take turns: one logs in through the gateway,
captures packets of the host, and is checked. Between two turns the class rests, so that all of it (hosts,
gateway, clients, checks) takes at most SHARE of one processor. The table has a row at the start, each N
minutes, and at the end. The exit code is 3 when a turn failed. Run it as root, from the checkout with its
packages: PYTHONPATH=src:. and the environment's python.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.hosts import capacity
from sharklab.hosts.providers import cgroups, network
from sharklab.hosts.ssh_gateway import control
from sharklab.lab import load, seat
from sharklab.lab.model import Lab, Seat

LIMIT = 120
"""Seconds that one command of a student may take."""

MACHINERY = 3
ADDRESS = "127.0.0.1"
TITLES = (
    "minutes",
    "turns",
    "failed",
    "login, median s",
    "check, median s",
    "gateway, MiB",
    "its processes",
    "hosts, MiB",
    "their processes",
    "share of a processor",
)


@dataclass
class Class:
    """The class at work: its lab, students and seats, the folder and port of its gateway, and its turns."""

    lab: Lab
    students: list[str]
    place: Path
    port: int
    seats: dict[str, Seat] = field(default_factory=dict)
    logins: list[float] = field(default_factory=list)
    checks: list[float] = field(default_factory=list)
    turns: int = 0
    faults: int = 0

    @property
    def roster(self) -> Path:
        """The file with the students."""
        return self.place / "roster.csv"

    @property
    def units(self) -> list[str]:
        """The patterns of the control groups of all hosts."""
        return [f"{network.namespace(one.id)}-*" for one in self.seats.values()]


def sharklab(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    argv = [sys.executable, "-P", "-m", "sharklab", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, **env})


def need(*words: str, **env: str) -> dict[str, Any]:
    """Run a verb that has to succeed, and return what it tells a script."""
    done = sharklab(*words, "--output", "json", **env)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    content: dict[str, Any] = json.loads(done.stdout)
    return content


@contextmanager
def at_work(lab: Lab, count: int) -> Iterator[Class]:
    """Bring the class and its gateway up during the block; the gateway has a state folder of its own."""
    students = [f"soak-{number + 1:02}" for number in range(count)]
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        own = Class(lab, students, Path(name), probe.getsockname()[1])
        probe.close()
        folder = state.folder(own.place / "state")
        for part in ("seats", "course"):
            (folder / part).symlink_to(state.root() / part)
        own.roster.write_text("\n".join(["student", *students, ""]))
        roster, env = ("--roster", str(own.roster)), {"SHARKLAB_STATE": str(folder)}
        try:
            need("seats", "up", lab.name, *roster)
            need("gateway", "keys", str(own.roster), "-o", str(own.place / "keys"), **env)
            where = ("--listen", ADDRESS, "--port", str(own.port))
            need("gateway", "start", *roster, *where, **env)
            own.seats = {one.student: one for one in seat.register_all(lab, students)}
            yield own
        finally:
            sharklab("gateway", "stop", **env)
            gone = sharklab("seats", "down", lab.name, *roster, "--yes")
            print(gone.stdout + gone.stderr if gone.returncode else "", end="", flush=True)


def ssh(own: Class, student: str, host: str) -> list[str]:
    """Return the beginning of the command that a student types on their PC."""
    options = ("BatchMode=yes", "StrictHostKeyChecking=accept-new", f"UserKnownHostsFile={own.place}/known")
    words = ["ssh", "-n", "-F", "none", "-i", str(own.place / "keys" / f"{student}.key"), "-p", str(own.port)]
    words += [word for option in options for word in ("-o", option)]
    return [*words, f"{student}+{own.lab.name}+{host}@{ADDRESS}"]


def neighbours(lab: Lab) -> tuple[str, str, str]:
    """Return two hosts of one network, and the network."""
    return next(
        (one.name, other.name, shared)
        for one, other in itertools.combinations(lab.hosts, 2)
        for shared in one.networks
        if shared in other.networks
    )


def log_in(own: Class, student: str) -> str:
    """Let a student run a command on a host; return the fault, "" for none."""
    host, begun = neighbours(own.lab)[0], time.monotonic()
    words = [*ssh(own, student, host), "hostname"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False)
    own.logins.append(time.monotonic() - begun)
    return "" if done.stdout == f"{host}\n" else f"login: {done.stdout}{done.stderr}"


def capture(own: Class, student: str) -> str:
    """Let a student capture two packets live while a second login sends them; return the fault."""
    host, peer, net = neighbours(own.lab)
    words = [*ssh(own, student, host), f"sharklab capture {net} --filter icmp --packets 2"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as recording:
        said = recording.stderr.readline() if recording.stderr else b""
        ping = [*ssh(own, student, host), f"ping -c 1 -W 5 {own.seats[student].address(peer, net).ipv4.ip}"]
        sent = subprocess.run(ping, capture_output=True, text=True, timeout=LIMIT, check=False)
        if sent.returncode:
            recording.kill()
        packets, more = recording.communicate(timeout=LIMIT)
    if sent.returncode or recording.returncode or len(packets) < 24 + 2 * 16:
        return f"capture: {sent.stdout}{sent.stderr}{(said + more).decode(errors='replace')}"
    return ""


def check(own: Class, student: str) -> str:
    """Grade the student's seat as it stands; return the fault."""
    begun = time.monotonic()
    out = str(own.place / "today")
    done = sharklab("seats", "check", own.lab.name, "--only", student, "-o", out)
    own.checks.append(time.monotonic() - begun)
    return f"check: {done.stdout}{done.stderr}" if done.returncode else ""


def turn(own: Class, student: str) -> None:
    """Let one student log in, capture and be checked; print the faults."""
    own.turns += 1
    faults = [fault for do in (log_in, capture, check) if (fault := do(own, student))]
    own.faults += bool(faults)
    for fault in faults:
        print(f"{student}: {fault}", flush=True)


def used(own: Class) -> float:
    """Return the CPU-seconds of the clients, the checks, the gateway and the hosts up to now."""
    mine = resource.getrusage(resource.RUSAGE_CHILDREN)
    files = [folder / "cpu.stat" for unit in everything(own) for folder in cgroups.folders(unit)]
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines()]
    groups = sum(int(line.split()[1]) for line in lines if line.startswith("usage_usec")) / 1e6
    return mine.ru_utime + mine.ru_stime + groups


def gateway_unit(own: Class) -> str:
    """Return the control group of the class's gateway."""
    return control.unit(own.place / "state")


def everything(own: Class) -> list[str]:
    """Return the patterns of all control groups of the class."""
    return [*own.units, f"{gateway_unit(own)}*"]


def row(own: Class, minutes: float, share: float) -> None:
    """Print a row of the table, and begin the next."""

    def median(values: list[float]) -> str:
        return f"{statistics.median(values):.2f}" if values else ""

    def memory(patterns: list[str]) -> str:
        return f"{sum(map(capacity.memory_of_units, patterns)) / capacity.MIB:.1f}"

    def processes(patterns: list[str]) -> int:
        return sum(len(cgroups.processes(unit)) for each in patterns for unit in cgroups.units(each))

    gateway = [f"{gateway_unit(own)}*"]
    cells = [f"{minutes:.0f}", own.turns, own.faults, median(own.logins), median(own.checks), memory(gateway)]
    cells += [processes(gateway), memory(own.units), processes(own.units), f"{share:.2f}"]
    print(f"| {' | '.join(map(str, cells))} |", flush=True)
    own.logins, own.checks = [], []


def soak(own: Class, minutes: float, every: float, most: float) -> None:
    """Let the students take turns for some minutes, with a row each `every` minutes."""
    begun, before = time.monotonic(), used(own)

    def passed() -> float:
        return time.monotonic() - begun

    def share() -> float:
        return (used(own) - before) / passed()

    print(f"| {' | '.join(TITLES)} |\n|{' ---: |' * len(TITLES)}", flush=True)
    row(own, 0, 0)
    told = 1
    for student in itertools.cycle(own.students):
        if passed() >= 60 * minutes:
            break
        turn(own, student)
        while share() > most:
            time.sleep(1)
        if passed() >= 60 * every * told and passed() < 60 * minutes:
            row(own, passed() / 60, share())
            told += 1
    row(own, passed() / 60, share())


def main() -> int:
    """Bring the class up, let it work, remove it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seats", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=10)
    parser.add_argument("--load", type=float, default=0.3)
    parser.add_argument("--lab", default="tp4")
    args = parser.parse_args()
    with at_work(load.read_named(args.lab), args.seats) as own:
        soak(own, args.minutes, args.every, args.load)
    return MACHINERY if own.faults else 0


if __name__ == "__main__":
    sys.exit(main())
