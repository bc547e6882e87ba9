"""Measure the faults of the catalogue on a seat of `pannes` that is up, one after the other.

    python benchmarks/faults.py STUDENT [--lab LAB] [--traces | --reboot] [FAULT...]

Run it from the checkout with its packages: PYTHONPATH=src:. and the environment's python. The seat must be a
solved one. For each fault: the effects are there. It is injected twice, and the second time changes nothing.
The effects that it breaks are lost. A capture shows its packets. Nothing tells (`fault_traces.py`). The
controller gets in. Each repair brings the effects back. With --reboot, all of that is measured after a reboot
as well: the effects are lost before a repair, and back after it. A reboot heals a fault that lasts `now`.
Then the hosts get their files back. With --traces, only what tells of a fault is measured, on every host of
the seat. The faults in ROUTED need a seat of benchmarks/routed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks import fault_seat, fault_traces
from benchmarks.fault_seat import Measured, inject, prepare, restart, script, settle, ssh, tried
from sharklab.checks import KINDS
from sharklab.checks.outcome import Status
from sharklab.hosts import faults


def measure(measured: Measured, folder: Path, reboot: bool) -> Iterator[str]:
    """Yield everything in which a fault is not as the catalogue lists it."""
    fault, plan, host = measured.fault, measured.plan, measured.host
    if lacking := [name for name, good in tried(measured).items() if not good]:
        yield f"not there before: {lacking}"
    mark = marked(measured, [host])
    said = inject(measured)
    once = ssh(plan, host, fault_seat.STATE).stdout
    said += inject(measured)
    if said:
        yield f"inject says {said!r}"
    if ssh(plan, host, fault_seat.STATE).stdout != once:
        yield "injecting twice is not injecting once"
    settle(measured)
    yield from traces(measured, mark)
    if fault.lasts != "boot":
        yield from symptoms(measured, folder)
    if reboot or fault.lasts == "boot":
        yield from rebooted(measured, folder)
    yield from mended(measured, "repair", reboot)
    for name in faults.repairs(fault.id):
        if name != "repair":
            inject(measured)
            settle(measured)
            yield from mended(measured, name, reboot)
    if fault.level > 1 or fault.lasts == "now":  # the other repair leaves something
        ssh(plan, host, fault_seat.RESTORE)


def rebooted(measured: Measured, folder: Path) -> Iterator[str]:
    """Reboot the host with the fault, and yield what is wrong then. The fault is in afterwards."""
    restart(measured.plan, measured.host)
    if measured.fault.lasts != "now":
        yield from (f"after a reboot {wrong}" for wrong in symptoms(measured, folder))
        return
    if lacking := [effect for effect, good in tried(measured).items() if not good]:
        yield f"a reboot does not heal: {lacking}"
    inject(measured)
    settle(measured)


def symptoms(measured: Measured, folder: Path) -> Iterator[str]:
    """Yield what is wrong while the fault is in: effects that are there, packets that are not."""
    if there := [name for name, good in tried(measured).items() if good]:
        yield f"still there: {there}"
    if measured.fault.packets:
        found = KINDS["symptom"].function(fault_seat.knock(measured, folder), {})
        if found.status is not Status.PASSED:
            yield f"packets: {found.found.values['patterns']}"
    if ssh(measured.plan, measured.host, "true").returncode:
        yield "the controller does not get in"


def traces(measured: Measured, mark: Mapping[str, fault_traces.Mark]) -> Iterator[str]:
    """Yield what tells of the injection on the hosts with a mark."""
    fault, wanted = measured.fault, measured.wanted

    def ask(host: str, command: str) -> str:
        return ssh(measured.plan, host, command).stdout

    for host, own in mark.items():
        yield from fault_traces.find(ask, host, own, fault.id)
    if fault.lasts != "boot" and wanted["transport"] == "tcp" and "reaches" in fault.breaks:
        yield from fault_traces.open_connections(
            ask, wanted["client"], wanted["server_address"], wanted["port"]
        )


def marked(measured: Measured, hosts: Iterable[str]) -> dict[str, fault_traces.Mark]:
    """Return the marks of the hosts before an injection."""
    return {
        host: fault_traces.begin(lambda host, command: ssh(measured.plan, host, command).stdout, host)
        for host in hosts
    }


def swept(measured: Measured) -> Iterator[str]:
    """Inject a fault as the role does, yield what tells of it on any host, and put the files back."""
    plan = measured.plan
    settle(measured)
    mark = marked(measured, [host.name for host in plan.hosts])
    if said := inject(measured):
        yield f"inject says {said!r}"
    settle(measured)
    yield from traces(measured, mark)
    for host in plan.hosts:
        if ssh(plan, host.name, "true").returncode:
            yield f"the controller does not get into {host.name}"
    ssh(plan, measured.host, script(measured, "repair"))
    ssh(plan, measured.host, fault_seat.RESTORE)


def mended(measured: Measured, name: str, reboot: bool) -> Iterator[str]:
    """Repair the fault, and yield the effects that are not back."""
    done = ssh(measured.plan, measured.host, script(measured, name))
    if done.returncode or done.stderr:
        yield f"{name} says {done.stdout + done.stderr!r}"
    for when in ("", "after a reboot ") if reboot else ("",):
        if when:
            restart(measured.plan, measured.host)
        if lacking := [effect for effect, good in tried(measured).items() if not good]:
            yield f"{name}: {when}not back: {lacking}"


def main() -> int:
    """Measure each fault, print a line for each, and return how many are not as listed."""
    parser = fault_seat.make_parser()
    parser.add_argument("--traces", action="store_true")
    parser.add_argument("--reboot", action="store_true")
    args = parser.parse_intermixed_args()
    plan, ids = fault_seat.begin(args)
    folder = Path(tempfile.mkdtemp())
    wrong = 0
    for id in ids:
        own = prepare(plan, id)
        wrong += fault_seat.report(id, swept(own) if args.traces else measure(own, folder, args.reboot))
    return wrong


if __name__ == "__main__":
    sys.exit(main())
