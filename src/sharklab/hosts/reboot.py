"""Reboot the hosts of a seat over its own SSH, and wait until their units are started again.

This is the same for containers, virtual machines and borrowed machines: each of them boots again by itself.
A host came back when it answers with another boot id (random(4), /proc/sys/kernel/random/boot_id).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.hosts import seat_provider
from sharklab.hosts.providers.remote import UNREACHABLE, Machine, ask_all, machine_of
from sharklab.lab.model import Plan
from sharklab.message import N_, NOTHING, Message

CONTAINER_LIMIT, MACHINE_LIMIT = 120.0, 600.0
"""Seconds from the order to reboot until all units are started; a virtual machine may be emulated."""
PAUSE = 0.2
BOOT_ID = "/proc/sys/kernel/random/boot_id"
SETTLED = ("running", "degraded")
"""The words of systemctl(1) is-system-running for a host that has started, or tried to start, all units."""
ASK = """
read -r id <{file} && echo "$id"
[ "$id" = {before} ] && exit
timeout {seconds} systemctl is-system-running --wait
systemctl is-system-running || true
"""


@dataclass(frozen=True)
class Reboot:
    """How a host rebooted: its boot ids, the seconds from the order until it settled, systemd's word for it.

    A host that did not come back has no boot id `after`, and a `reason`.
    """

    before: str = ""
    after: str = ""
    seconds: float = 0.0
    state: str = ""
    reason: Message = NOTHING


def reboot(plan: Plan, limit: float | None = None) -> Mapping[str, Reboot]:
    """Reboot all hosts of a seat at once and return how each came back. Nothing is raised for a host.

    `limit` is in seconds; without it, it is that of the seat's provider. A host that cannot be reached is
    not waited for.
    """
    most = limit or _limit(plan)
    machines = [machine_of(plan.seat, host.name) for host in plan.hosts]
    found: dict[str, Reboot] = ask_all(machines, _look)
    there = [machine for machine in machines if not found[machine.name].reason]
    return {**found, **ask_all(there, lambda machine: _reboot(machine, found[machine.name], most))}


def _limit(plan: Plan) -> float:
    provider = seat_provider.read(plan.seat.folder) or seat_provider.DEFAULT
    return CONTAINER_LIMIT if provider in seat_provider.OF_CLASSES else MACHINE_LIMIT


def _look(machine: Machine) -> Reboot:
    """Return the boot id of a host before its reboot, or why it does not say it."""
    try:
        said = process.run(
            ["ssh", "-F", machine.config, machine.name, "cat", BOOT_ID], timeout=process.LOGIN_SECONDS
        )
    except MachineryError as error:
        return Reboot(reason=Message(N_("it cannot be reached: {said}"), {"said": _complaint(error)}))
    return Reboot(before=said.strip())


def _reboot(machine: Machine, before: Reboot, limit: float) -> Reboot:
    began = time.monotonic()
    try:
        process.run(
            machine.as_root(["systemctl", "-i", "reboot"]),
            stdin=machine.secret,
            timeout=process.LOGIN_SECONDS,
        )
    except MachineryError as error:
        if error.values.get("code") not in (None, UNREACHABLE):  # else it went down before it answered
            return replace(
                before, reason=Message(N_("it refuses to reboot: {said}"), {"said": _complaint(error)})
            )
    _close(machine)
    return _wait(machine, before, began, limit)


def _close(machine: Machine) -> None:
    """End the shared connection to the system that goes down, so that nobody waits for it."""
    try:
        process.run(["ssh", "-F", machine.config, "-O", "exit", machine.name], timeout=process.LOGIN_SECONDS)
    except MachineryError:
        return  # it has ended


def _wait(machine: Machine, before: Reboot, began: float, limit: float) -> Reboot:
    """Ask again and again until the host has another boot id and has settled, at most `limit` seconds."""
    found = _same_boot(before, limit)
    while (left := began + limit - time.monotonic()) > 0:
        try:
            boot_id, state = _ask(machine, before.before, left)
        except MachineryError as error:
            found = found if found.after else _silent(before, limit, error)
        else:
            if boot_id in ("", before.before):
                found = _same_boot(before, limit)
            else:
                found = Reboot(before.before, boot_id, round(time.monotonic() - began, 1), state)
            if state in SETTLED:
                break
        time.sleep(PAUSE)
    return found


def _same_boot(before: Reboot, limit: float) -> Reboot:
    return replace(before, reason=Message(N_("it did not reboot within {seconds:g} s"), {"seconds": limit}))


def _silent(before: Reboot, limit: float, error: MachineryError) -> Reboot:
    values = {"seconds": limit, "complaint": _complaint(error)}
    return replace(before, reason=Message(N_("no answer within {seconds:g} s ({complaint})"), values))


def _ask(machine: Machine, before: str, left: float) -> tuple[str, str]:
    """Return the boot id of a host and, if it is not that of `before`, systemd's word once it has settled.

    Raises MachineryError when it cannot be reached.
    """
    command = ASK.format(file=BOOT_ID, before=shlex.quote(before), seconds=max(1, int(left)))
    words = ["ssh", "-F", str(machine.config), "-o", "ControlPath=none", machine.name, command]
    # The connection of a seat on this computer waits so long for a port that opens (providers/tunnel.py).
    said = process.run(["env", f"SHARKLAB_PATIENCE={left}", *words], timeout=left + process.LOGIN_SECONDS)
    lines = said.split()
    return (lines[0], lines[-1] if len(lines) > 1 else "") if lines else ("", "")


def _complaint(error: MachineryError) -> str:
    return process.last_lines(str(error.values.get("said") or error.message), 1)
