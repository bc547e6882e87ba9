"""What the reboot of an exam costs on this machine: three containers of tp4 reboot at once.

Run it as root by the Python of sharklab's own environment (`sharklab doctor` names it), on an idle machine:

    .../venv/.../bin/python benchmarks/exam.py [rounds]

The seat is brought up first, and not measured. A round lasts from the first question for a boot id until the
last host has started all its units.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
os.environ["PYTHONPATH"] = str(ROOT / "src")  # for the process that starts Ansible

from sharklab.cli import flow
from sharklab.hosts import providers, reboot
from sharklab.progress import Progress


def main(rounds: int) -> None:
    """Reboot the hosts of one seat `rounds` times, and print the seconds of each."""
    plan = flow.prepare("tp4", "bench-exam")
    flow.up(plan, "nspawn", "auto", Progress())
    try:
        for number in range(1, rounds + 1):
            started = time.monotonic()
            found = reboot.reboot(plan)
            took = time.monotonic() - started
            hosts = ", ".join(
                f"{host} {each.seconds:.1f} s ({each.state or each.reason})" for host, each in found.items()
            )
            print(f"round {number}: {took:5.1f} s; {hosts}", flush=True)
    finally:
        providers.get("nspawn").down(plan.seat)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
