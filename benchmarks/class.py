"""What a class on one server costs: seconds, CPU-seconds and memory of 1, 10 and 30 seats of tp4.

Run it as root by the Python of sharklab's own environment (`sharklab doctor` names it):

    .../venv/.../bin/python benchmarks/class.py [lab] [seats ... | growing]

The machine should be idle. CPU-seconds are those of the hosts, from their control groups, and those of the
command with all that it starts. In the same run plain `ansible-playbook` sets up the hosts of the same seats
again, over SSH: that is the work which a seat is spared before its hosts boot. With `growing`, a class of 30
grows in four steps, and each step shows what one more seat costs: the 2nd to 10th, and the 21st to 30th.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from sharklab import state
from sharklab.hosts.providers import cgroups, network
from sharklab.lab import load, seat

STEPS = (1, 10, 20, 30)
"""The seats of a class that grows, after each step."""

ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8"}


def hosts_cpu() -> float:
    """Return the CPU-seconds that the hosts on this machine have used (cgroups(7), cpu.stat)."""
    files = [folder / "cpu.stat" for folder in cgroups.folders("sl-*")]
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("usage_usec")) / 1e6


def measure(work: Callable[[], object]) -> tuple[float, float, float]:
    """Return the seconds of `work`, its own CPU-seconds, and those of the hosts."""
    before, clock, hosts = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), hosts_cpu()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - clock, own, hosts_cpu() - hosts


def sharklab(*words: str) -> str:
    """Run the command line, and return its output; a failure ends the benchmark."""
    command = [sys.executable, "-P", "-m", "sharklab", *words]
    return subprocess.run(command, cwd=ROOT, env=ENV, check=True, stdout=subprocess.PIPE, text=True).stdout


def plain(lab: str, students: Sequence[str]) -> None:
    """Set the hosts of seats up by plain ansible-playbook, one seat after the other."""
    tool = str(Path(sys.executable).parent / "ansible-playbook")
    for student in students:
        inventory = state.seat_folder(lab, student) / "inventory.yml"
        command = [tool, "-i", str(inventory), str(ROOT / "playbooks" / "personalise.yml")]
        subprocess.run(command, cwd=ROOT, env=ENV, check=True, capture_output=True)


def show(name: str, figures: tuple[float, float, float], seats: int) -> None:
    """Print figures, and those of one seat: the last is the sum of its CPU-seconds."""
    seconds, own, hosts = figures
    each = " ".join(f"{value / seats:7.2f}" for value in (*figures, own + hosts))
    print(f"{name:<34} {seconds:7.1f} s  {own:7.1f} + {hosts:6.1f} CPU-s   per seat {each}", flush=True)


@contextmanager
def roster_of(students: Sequence[str]) -> Iterator[str]:
    """Keep a file with the students meanwhile."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as roster:
        roster.write("\n".join(["student", *students]) + "\n")
        roster.flush()
        yield roster.name


def students_of(count: int) -> list[str]:
    """Return the students of a class."""
    return [f"bench-{number:02}" for number in range(1, count + 1)]


def group_memory(lab: str, students: Sequence[str]) -> float:
    """Return the MiB of a host's control group: its processes, and the kernel's part for it."""
    own = seat.look_up_all(load.read_named(lab), students).values()
    units = [unit for one in own for unit in cgroups.units(f"{network.namespace(one.id)}-*")]
    return sum(cgroups.usage(unit).memory for unit in units) / len(units) / 1024 / 1024


def measure_growth(lab: str) -> None:
    """Measure a class that grows: each step brings more seats up beside those that are up."""
    students = students_of(STEPS[-1])
    with roster_of(students) as roster:
        for before, last in zip((0, *STEPS), STEPS, strict=False):
            only = ",".join(students[before:last])
            up = partial(sharklab, "seats", "up", lab, "--roster", roster, "--only", only, "--solved")
            show(f"seats {before + 1} to {last}", measure(up), last - before)
        show(f"seats down, {last}", measure(lambda: sharklab("seats", "down", lab, "--roster", roster)), last)


def measure_class(lab: str, count: int) -> None:
    """Measure a class of `count` seats from nothing to nothing."""
    students = students_of(count)
    with roster_of(students) as roster:
        choice = (lab, "--roster", roster)
        show(f"seats up, {count}", measure(lambda: sharklab("seats", "up", *choice, "--solved")), count)
        seats = json.loads(sharklab("seats", "status", *choice, "--output", "json"))["seats"]
        hosts = sum(len(seat["hosts"]) for seat in seats)
        memory = sum(seat["memory"] for seat in seats) / hosts / 1024 / 1024
        print(f"{'memory of a host':<34} {memory:7.1f} MiB")
        print(f"{'the same, with the kernel':<34} {group_memory(lab, students):7.1f} MiB", flush=True)
        few = students[: min(count, 3)]
        figures = measure(lambda: plain(lab, few))
        show(f"plain ansible-playbook, {len(few)}", figures, len(few))
        show(f"seats down, {count}", measure(lambda: sharklab("seats", "down", *choice)), count)


if __name__ == "__main__":
    name, *counts = sys.argv[1:] or ["tp4"]
    sharklab("image", "build", "--solved", name)
    if counts == ["growing"]:
        measure_growth(name)
    else:
        for number in map(int, counts or ["1", "10", "30"]):
            measure_class(name, number)
