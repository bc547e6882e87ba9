"""Needs of hosts that a container cannot meet, and the features of a host with its own kernel."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from sharklab.lab.model import Host, Plan, Probe

ROLES = ("nfs_client", "nfs_server")
"""The roles whose work a kernel does where the host has its own."""

OWN_KERNEL: Mapping[str, str] = {f"{role}_backend": "kernel" for role in ROLES}
"""The variables that roles derive on a host with a kernel of its own. Baking cannot ask that kernel."""


EMULATION_FACTOR = 6
"""The factor by which probes may take longer than lab.yml says, on machines that may be emulated."""


def extend_time_limits(plan: Plan) -> Plan:
    """Return `plan` with more time for each probe; how long tools wait by themselves is not changed."""
    changed = tuple(
        replace(exercise, probes=tuple(map(_extend_time_limit, exercise.probes)))
        for exercise in plan.lab.exercises
    )
    return replace(plan, lab=replace(plan.lab, exercises=changed))


def _extend_time_limit(probe: Probe) -> Probe:
    return replace(probe, timeout=probe.timeout * EMULATION_FACTOR)


def use_own_kernels(plan: Plan, hosts: Collection[str]) -> Plan:
    """Return `plan` with the roles' variables that differ on `hosts`, which have a kernel of their own."""
    changed = tuple(_use_own_kernel(host) if host.name in hosts else host for host in plan.hosts)
    return replace(plan, lab=replace(plan.lab, hosts=changed))


def _use_own_kernel(host: Host) -> Host:
    return replace(host, vars={**OWN_KERNEL, **host.vars})
