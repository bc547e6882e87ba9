"""The kind of the hosts of a seat: containers, or virtual machines where the lab needs a kernel of its own.

All hosts of a seat are of one kind. It is chosen for a new seat, by what the members can run then, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sharklab.errors import MachineryError
from sharklab.hosts.image import systems
from sharklab.hosts.providers.cluster import course, record
from sharklab.hosts.providers.cluster.course import Course
from sharklab.hosts.providers.cluster.model import InstanceKind
from sharklab.hosts.providers.qemu import vm
from sharklab.lab import needs
from sharklab.lab.model import Host, Plan

MIB = 2**20

DRIVER = "qemu"
"""The engine's name for virtual machines. It tried KVM, the agent's channel and QEMU when it started."""

OVERHEAD = 96 * MIB
"""Bytes of memory for the QEMU of a virtual machine, beside the memory of the machine itself (assumed)."""

MEMORY = {
    InstanceKind.CONTAINER: course.MEMORY_OF_HOST,
    InstanceKind.VIRTUAL_MACHINE: vm.MEMORY * MIB + OVERHEAD,
}
"""Bytes of memory for a host of each kind."""

_able: dict[tuple[str, str], bool] = {}
"""Whether a member (remote, name) can run virtual machines: no engine finds that out again while it runs."""


def able(own: Course, ready: Sequence[str]) -> set[str]:
    """Return those of the members `ready` that can run virtual machines; one that does not answer cannot."""
    if unknown := [name for name in ready if (own.remote, name) not in _able]:
        with ThreadPoolExecutor(len(unknown)) as pool:
            for name, can in zip(unknown, pool.map(lambda name: _ask(own, name), unknown), strict=True):
                _able[own.remote, name] = can
    return {name for name in ready if _able[own.remote, name]}


def _ask(own: Course, name: str) -> bool:
    try:
        return DRIVER in own.client.server(name).drivers
    except MachineryError:
        return False


def choose(hosts: Sequence[Host]) -> InstanceKind:
    """Return the kind for a new seat with these hosts. The engine is asked only where a host has a need."""
    if any(host.needs for host in hosts):
        own = course.begin()
        if able(own, [member.name for member in own.client.members.all() if member.takes_seats]):
            return InstanceKind.VIRTUAL_MACHINE
    return InstanceKind.CONTAINER


def of_seat(plan: Plan) -> InstanceKind:
    """Return the kind of the hosts of a seat: that which it has, else the one that a new seat gets."""
    known = record.read(plan.seat.folder)
    return InstanceKind(known.kind) if known else choose(plan.hosts)


def of_image(roots: Sequence[Path]) -> InstanceKind:
    """Return the kind of hosts whose image is in these folders: one with a kernel is for virtual machines."""
    is_machine = systems.is_machine(roots[-1].parent)
    return InstanceKind.VIRTUAL_MACHINE if is_machine else InstanceKind.CONTAINER


def adapt(plan: Plan, kind: InstanceKind) -> Plan:
    """Return `plan` for hosts of this kind: virtual machines use their own kernel, and have more time."""
    if kind is InstanceKind.CONTAINER:
        return plan
    own = needs.use_own_kernels(plan, {host.name for host in plan.hosts})
    return needs.extend_time_limits(own)
