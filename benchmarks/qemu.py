"""What virtual machines cost on this machine: cold boot, restore, a seat of tp4, memory per machine.

Run it as root by the Python of sharklab's own environment (`sharklab doctor` names it), on an idle machine:

    .../venv/.../bin/python benchmarks/qemu.py

The images are made first, and not measured. A cold boot is that of a host which was stopped and has its disk;
a restore is from `up` to where both machines answer SSH, before any role is applied.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
os.environ["PYTHONPATH"] = str(ROOT / "src")  # for the process that starts Ansible

from sharklab.cli import flow
from sharklab.hosts import inventory, playbook, providers
from sharklab.hosts.providers import cgroups, network
from sharklab.lab import load, plan_file
from sharklab.lab.model import Plan
from sharklab.message import Message
from sharklab.progress import Progress


def silent(sentence: Message) -> None:
    """Take progress and say nothing."""


Result = TypeVar("Result")


def measure(name: str, work: Callable[[], Result]) -> Result:
    """Do the work, print how many seconds it took, and return what it returned."""
    started = time.monotonic()
    result = work()
    print(f"{name:<44} {time.monotonic() - started:7.1f} s", flush=True)
    return result


def memory(plan: Plan) -> Iterator[tuple[str, int]]:
    """Yield the proportional memory (PSS, kB) of each host's QEMU."""
    for host in plan.hosts:
        for pid in cgroups.processes(network.namespace(plan.seat.id, host.name)):
            if "qemu" in Path(f"/proc/{pid}/comm").read_text():
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                yield host.name, next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def main() -> None:
    """Measure one seat of tp4 whose server and client are virtual machines."""
    hosts, progress = providers.get("auto"), Progress()
    lab = load.read_named("tp4")
    layers = flow.build_image(lab, "debian12", hosts, progress)
    plan = hosts.adapt(flow.prepare("tp4", "bench-vm"))
    hosts.down(plan.seat)
    try:
        plan_file.save(plan)
        facts = measure("restore, until all hosts answer", lambda: hosts.up(plan, layers, silent))
        for name, kilobytes in memory(plan):
            print(f"memory of {name} (PSS)".ljust(44), f"{kilobytes / 1024:7.0f} MiB")
        inventory.save(plan, facts)
        measure("personalise: the seat is ready", lambda: playbook.run("personalise", inventory.file(plan)))
        for name, kilobytes in memory(plan):
            print(f"memory of {name} (PSS), seat ready".ljust(44), f"{kilobytes / 1024:7.0f} MiB")
        measure("stop", lambda: hosts.stop(plan))
        measure("cold boot, until all hosts answer", lambda: hosts.up(plan, layers, silent))
    finally:
        measure("down", lambda: hosts.down(plan.seat))


if __name__ == "__main__":
    main()
