"""What tp4 costs on this machine: seconds, and CPU-seconds of the whole machine, of each step.

Run it as root by the Python of sharklab's own environment (`sharklab doctor` names it):

    .../venv/.../bin/python benchmarks/tp4.py [rounds]

The machine should be idle: CPU-seconds are read from /proc/stat, so that those of the hosts count too.
The overhead over plain ansible-playbook is a ratio of runs taken in turn: of each step and of the whole job.
Both do the same: hosts that are up are set up, the probes run, and the report is written in two languages.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from sharklab import state

ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8"}
TICKS = os.sysconf("SC_CLK_TCK")


def busy() -> float:
    """Return the CPU-seconds that this machine has worked since boot (proc(5): user, nice, system, irqs)."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:7])) / TICKS


Figure = tuple[float, float]
"""Seconds, and CPU-seconds."""
Words = ParamSpec("Words")


def measure(work: Callable[Words, object], *words: Words.args, **values: Words.kwargs) -> Figure:
    """Return seconds and CPU-seconds of `work` with its arguments."""
    clock, cpu = time.monotonic(), busy()
    work(*words, **values)
    return time.monotonic() - clock, busy() - cpu


def sharklab(*words: str) -> None:
    """Run the command line; a failure ends the benchmark."""
    subprocess.run(
        [sys.executable, "-m", "sharklab", *words], cwd=ROOT, env=ENV, check=True, capture_output=True
    )


def plain(playbook: str, student: str, **values: str) -> None:
    """Run a playbook on a seat by plain ansible-playbook."""
    tool = str(Path(sys.executable).parent / "ansible-playbook")
    inventory = state.seat_folder("tp4", student) / "inventory.yml"
    command = [tool, "-i", str(inventory), str(ROOT / "playbooks" / f"{playbook}.yml")]
    command += ["-e", json.dumps(values)]
    subprocess.run(command, cwd=ROOT, env=ENV, check=True, capture_output=True)


def plain_run(student: str) -> None:
    """Run the lab's probes by plain ansible-playbook, and write the newest run's report in both languages."""
    with tempfile.TemporaryDirectory() as folder:
        plain("run", student, run_folder=f"{folder}/run")
    newest = max(state.runs_folder("tp4", student).iterdir())
    for language in ("fr", "en"):
        plain("report", student, run_folder=str(newest), report_lang=language)


def show(name: str, figures: list[Figure]) -> None:
    """Print the median of `figures`."""
    seconds, cpu = (statistics.median(column) for column in zip(*figures, strict=True))
    print(f"{name:<44} {seconds:7.2f} s {cpu:7.2f} CPU-s", flush=True)


def main(rounds: int) -> None:
    """Measure `rounds` times each and print medians."""
    sharklab("image", "build", "tp4")
    print(f"median of {rounds} rounds, {os.cpu_count()} cores")
    first, further, run, down, again, bare_up, bare_run = (list[Figure]() for _ in range(7))
    begun, solved, reset = (list[Figure]() for _ in range(3))
    sharklab("up", "tp4", "--student", "bench-start")  # bakes the image of the start state
    sharklab("down", "tp4", "--student", "bench-start")
    for number in range(rounds):
        one, two = f"bench-a{number}", f"bench-b{number}"
        first.append(measure(sharklab, "up", "tp4", "--solved", "--student", one))
        further.append(measure(sharklab, "up", "tp4", "--solved", "--student", two))
        sharklab("down", "tp4", "--student", two)
        begun.append(measure(sharklab, "up", "tp4", "--student", two))
        solved.append(measure(sharklab, "solve", "tp4", "--student", two, "--yes"))
        reset.append(measure(sharklab, "reset", "tp4", "client", "--student", two, "--yes"))
        sharklab("down", "tp4", "--student", two)
        again.append(measure(sharklab, "up", "tp4", "--solved", "--student", one))
        bare_up.append(measure(plain, "personalise", one))
        run.append(measure(sharklab, "run", "tp4", "--student", one))
        bare_run.append(measure(plain_run, one))
        down.append(measure(sharklab, "down", "tp4", "--student", one))
    show("up, first seat (image there)", first)
    show("up, a further seat", further)
    show("up, in the start state", begun)
    show("solve, all exercises", solved)
    show("reset of one host", reset)
    show("run with report in two languages", run)
    show("down", down)
    show("up on hosts that are up", again)
    show("personalise.yml by plain ansible-playbook", bare_up)
    show("run.yml and report.yml twice, likewise", bare_run)
    ratio = statistics.median(mine[0] / whole[0] for mine, whole in zip(begun, further, strict=True))
    print(f"a seat in the start state takes {ratio:.2f} times the time of a solved seat")
    compare("setting up", again, bare_up)
    compare("running and reporting", run, bare_run)
    compare("the whole job", together(again, run), together(bare_up, bare_run))


def together(*steps: list[Figure]) -> list[Figure]:
    """Return the sums of the steps, round by round."""
    return [(sum(s for s, _ in each), sum(c for _, c in each)) for each in zip(*steps, strict=True)]


def compare(name: str, ours: list[Figure], theirs: list[Figure]) -> None:
    """Print our overhead over plain ansible-playbook, as the median of the rounds."""
    ratio = statistics.median(mine[0] / plain[0] for mine, plain in zip(ours, theirs, strict=True))
    print(f"overhead over plain ansible-playbook, {name}: {(ratio - 1) * 100:+.1f} % of wall time")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
