"""Start a virtual machine: through libvirt if the user has it, else with QEMU directly."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.providers import cgroups, disk, network
from sharklab.hosts.providers.qemu import libvirt, rights, vm
from sharklab.hosts.providers.qemu.monitor import Monitor
from sharklab.hosts.providers.qemu.vm import VirtualMachine
from sharklab.lab.model import Host, Plan
from sharklab.message import N_

FEATURES, DATA_ELSEWHERE = 72, 0b100
QUIETLY = 'exec >"$1" 2>&1; shift; exec "$@"'
LIMIT = 60.0
"""Seconds until QEMU answers."""

PAUSE = 0.02


@contextmanager
def start_machine(plan: Plan, host: Host, machine: VirtualMachine) -> Iterator[None]:
    """Start the host's QEMU anew, in a control group of its own and on the seat's bridges.

    Until the end of the context it can open its files anew, as it does when a machine that waits gets its
    state. Raises MachineryError with what QEMU, or libvirt, said when it does not start.
    """
    cgroups.end(vm.unit(plan, host))
    libvirt.end_domains(plan.seat.id, host.name)
    _check_disk(plan, host, machine.disks[0])
    for file in (vm.monitor(plan, host), vm.port(plan, host)):
        file.unlink(missing_ok=True)
    os.chown(state.folder(vm.sockets_folder(plan, host)), rights.user(plan.seat.id), rights.GROUP)
    if machine.libvirt:
        with libvirt.start_domain(plan, host, machine):
            yield
    else:
        _start(plan, host, machine)
        yield


def _check_disk(plan: Plan, host: Host, disk: Path) -> None:
    """Raise MachineryError when the disk, which QEMU opens as root, says that its data are in another file.

    Sharklab makes no such disk, but an attacker who breaks out of a QEMU can write one (QEMU's
    docs/interop/qcow2: a bit of the header's field incompatible_features).
    """
    with disk.open("rb") as file:
        features = int.from_bytes(file.read(FEATURES + 8)[FEATURES:])
    if features & DATA_ELSEWHERE:
        raise MachineryError(
            N_("the disk of {host} refers to another file for its data, so sharklab refuses it"),
            place=str(disk),
            hint=N_("create the host again: sharklab down, then sharklab up"),
            host=host.name,
        )


def log(plan: Plan, host: Host) -> Path:
    """Return the log file of the host's QEMU."""
    return disk.folder(plan, host.name) / "qemu.log"


def _start(plan: Plan, host: Host, machine: VirtualMachine) -> None:
    network.make_taps(plan, host)
    unit, command = vm.unit(plan, host), vm.command(plan, host, machine)
    enter = ["nsenter", f"--net={network.NAMESPACES / network.namespace(plan.seat.id)}", "--"]
    detach = ["setsid", "--fork", "sh", "-c", QUIETLY, "sh", str(log(plan, host))]
    process.run([*cgroups.launcher(unit), *enter, *detach, *command])
    _wait(plan, host)


def _wait(plan: Plan, host: Host) -> None:
    """Wait until QEMU answers, which it does when it has opened all it needs and given up its rights."""
    unit, deadline = vm.unit(plan, host), time.monotonic() + LIMIT
    while True:
        with suppress(MachineryError), Monitor(vm.monitor(plan, host)):
            return
        if not cgroups.is_running(unit) or time.monotonic() > deadline:
            said = process.last_lines(log(plan, host).read_text(errors="replace")) or "EOF"
            raise MachineryError(N_("QEMU does not start: {said}"), place=unit, said=said)
        time.sleep(PAUSE)
