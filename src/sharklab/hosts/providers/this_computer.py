"""Hosts on this machine, whatever they are: containers (`nspawn`), virtual machines (`qemu`), or both.

This module makes the parts that every seat has: its mark, its namespace with the bridges, its keys, one
control group for each host. The two modules start a container or a machine in that group.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from sharklab import privilege, process, state, untrusted
from sharklab.errors import Busy, MachineryError
from sharklab.hosts import image
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers import (
    access,
    baking,
    boot_query,
    cgroups,
    claims,
    consoles,
    disk,
    disk_file,
    internet_gateway,
    network,
    nspawn,
    provider,
    qemu,
    readiness,
    shared_limits,
    substitutes,
    user_namespace,
)
from sharklab.lab import needs
from sharklab.lab.model import Host, Plan, Seat
from sharklab.message import N_, Message
from sharklab.process import Say

STOP_LIMIT = 30.0
REMOVED = ".removed-"


class ThisComputer:
    """A provider of this machine; see `Provider` for what each function does.

    `is_vm` tells which hosts are virtual machines. The others are containers.
    """

    bakes = True

    def __init__(self, name: str, is_vm: Callable[[Host], bool]) -> None:
        self.name = name
        self._is_vm = is_vm

    def adapt(self, plan: Plan) -> Plan:
        """Return the plan with the variables for virtual machines, and more time for their probes."""
        vms = {host.name for host in self._vms(plan)}
        return needs.extend_time_limits(needs.use_own_kernels(plan, vms)) if vms else plan

    def image(self, golden: Plan, os: str, bake: Callable[[Plan], None], progress: Say) -> Layers:
        """Return the layers of containers and the snapshots of virtual machines, made now where they lack.

        Raises InputError where a container of `os` has no substitute for what a host needs.
        """
        vms = self._vms(golden)
        substitutes.refuse([host for host in golden.hosts if host not in vms], os)
        if not vms:
            return baking.layers(golden, os, bake, CONTAINERS, progress)
        announce_vms(vms, len(vms) < len(golden.hosts), progress)
        own = self.adapt(golden)
        vms = self._vms(own)
        layers = baking.layers(_select_hosts(own, vms), os, bake, CONTAINERS, progress, machine=True)
        snapshots = qemu.snapshots(own, vms, layers, VIRTUAL_MACHINES, progress)
        if len(vms) < len(golden.hosts):
            impossible = substitutes.impossible(golden.hosts, os)
            containers = [host for host in golden.hosts if host not in impossible]
            # Seats of containers alone use the same layers.
            layers = baking.layers(_select_hosts(golden, containers), os, bake, CONTAINERS, progress)
        return replace(layers, snapshots=snapshots)

    def keep(self, plan: Plan) -> None:
        """Copy the disks of the hosts, each while its host is paused."""
        for host in plan.hosts:
            with qemu.pause_host(plan, host) if self._is_vm(host) else nspawn.pause_host(plan, host):
                disk.keep(plan, host.name)

    def reset(self, plan: Plan, hosts: Sequence[str], layers: Layers, progress: Say) -> Sequence[Message]:
        """End the hosts, put the disks that were kept back, and start the hosts again."""
        privilege.require_root(N_("starting hosts (network namespaces, mounts, containers) needs root"))
        _require_kept(plan, hosts)
        for name in hosts:
            qemu.end_domains(plan.seat.id, name)
            cgroups.end(_unit(plan.seat, name))
            access.close(plan.seat.id, name)
            disk.put_back(plan, name)
        self.up(plan, layers, progress)
        return ()

    def make(self, plan: Plan, layers: Layers) -> provider.NewHosts | None:
        """Make the disks of a new seat of containers."""
        if self._vms(plan) or any(disk.has_booted(plan, host.name) for host in plan.hosts):
            return None
        self._prepare(plan)
        for host in plan.hosts:
            disk.make(plan, host, layers)
        disks = {host.name: disk.overlay(plan, host.name, layers) for host in plan.hosts}
        return provider.NewHosts(disks, {host.name: self._facts(plan, host, layers) for host in plan.hosts})

    def _prepare(self, plan: Plan) -> None:
        """Make the mark and the keys of a seat, which come before its hosts."""
        privilege.require_root(N_("starting hosts (network namespaces, mounts, containers) needs root"))
        process.require(*nspawn.TOOLS, *(qemu.TOOLS if self._vms(plan) else ()))
        network.check(plan)
        state.folder(plan.seat.folder)  # first: a mark without a folder is of a seat that is removed
        claims.claim(plan.seat.id, plan.seat.folder)
        access.prepare(plan)

    def up(self, plan: Plan, layers: Layers, progress: Say) -> Mapping[str, Mapping[str, object]]:
        """Bring every host up; those that run are kept, those that stopped keep their disk."""
        self._prepare(plan)
        vms = self._vms(plan)
        shared_limits.ensure(len(plan.hosts), progress)
        if not any(_is_running(plan.seat, host.name) for host in plan.hosts):
            internet_gateway.end(plan.seat)
            network.build(plan)
        internet_gateway.connect(plan)
        absent = [host for host in plan.hosts if not self._is_there(plan, host)]
        containers = [host for host in absent if not self._is_vm(host)]
        own_users = bool(containers) and user_namespace.decide(layers, progress)
        with readiness.listen(plan, containers) as sockets:
            for host in containers:
                nspawn.start(plan, host, layers, own_users)
            if layers.snapshots:
                asleep = [host for host in absent if self._is_vm(host)]
                qemu.start(plan, asleep, layers.snapshots, boot_failure, progress)
            self._wait(plan, sockets, qemu.LIMIT if vms else None, progress)
        return {host.name: self._facts(plan, host, layers) for host in plan.hosts}

    def stop(self, plan: Plan) -> None:
        """Power the hosts off in good order and wait until they are; their disks stay."""
        for host in plan.hosts:
            (qemu if self._is_vm(host) else nspawn).power_off(plan, host)
        limit = qemu.LIMIT if self._vms(plan) else STOP_LIMIT
        deadline = time.monotonic() + limit
        while running := [host.name for host in plan.hosts if _is_running(plan.seat, host.name)]:
            if time.monotonic() > deadline:
                raise MachineryError(
                    N_("the host did not shut down within {seconds:g} s"),
                    place=_unit(plan.seat, running[0]),
                    seconds=limit,
                )
            time.sleep(0.05)
        internet_gateway.end(plan.seat)

    def down(self, seat: Seat) -> Sequence[Message]:
        """Remove hosts, namespaces, connections and the seat's folder; missing ones are no error."""
        privilege.require_root(N_("removing hosts needs root"))
        ours = {name for name in (seat.id, *claims.ids_below(seat.folder)) if _is_ours(name, seat)}
        for seat_id in ours:
            # So that no other state folder takes a free id meanwhile, and loses what it makes.
            claims.claim(seat_id, seat.folder)
            _clear_seat(seat_id)
        if seat.folder.exists():
            # Out of the way first: a half-deleted seat must not be taken for one that is there.
            seat.folder.rename(state.folder(state.root()) / f"{REMOVED}{seat.id}-{time.monotonic_ns()}")
            with suppress(OSError):
                seat.folder.parent.rmdir()
        _remove_rest(f"{seat.id}-*")
        for seat_id in ours:
            claims.release(seat_id)
        return ()

    def sweep(self) -> None:
        """Remove the remains of seats whose folder is gone, and of interrupted bakes."""
        if not claims.ids_below(state.root()) and not any(state.root().glob(f"{REMOVED}*")):
            return
        privilege.require_root(N_("removing hosts needs root"))
        for seat_id in claims.ids_below(state.root()):
            if folder := claims.owner(seat_id):
                with suppress(Busy):
                    self._sweep_seat(seat_id, folder)
        _remove_rest("*")

    def _sweep_seat(self, seat_id: str, folder: Path) -> None:
        """Remove what is left of a seat; raises Busy while a command works on it, which looks after it."""
        if (lock := folder.with_name("lock")).exists():
            with state.lock(lock, Message(N_("an image"))):
                self.down(Seat("", "", seat_id, "", "", "", {}, folder))
                state.remove(lock.parent)
        elif not folder.exists():
            with state.lock(state.seat_lock(folder), Message(N_("a seat"))):
                # Another command may have removed it meanwhile, and a third have made it again.
                if claims.owner(seat_id) == folder and not folder.exists():
                    _clear_seat(seat_id)
                    claims.release(seat_id)

    def status(self, seat: Seat) -> Mapping[str, str]:
        """Return the state of each host, by what the seat names and what is on disk."""
        on_disk = {path.parent.name for path in seat.folder.glob("hosts/*/lowers")}
        names = [*seat.addresses, *sorted(on_disk - set(seat.addresses))]
        cut_off = internet_gateway.cut_off(seat)
        return {name: _host_state(seat, name, name in on_disk, name in cut_off) for name in names}

    def forget_lost(self, seat: Seat) -> None:
        """Remove the disks and keys of hosts whose set-up ended with the power of this computer.

        They may have files that are empty, and no student's work. A start of the computer removed the mark.
        """
        if claims.owner(seat.id) is None and not (seat.folder / "provisioned").exists():
            for name in ("hosts", "ssh"):
                state.remove(seat.folder / name)
            (seat.folder / "layers").unlink(missing_ok=True)

    def warnings(self, seat: Seat) -> Sequence[Message]:
        """Return a sentence for each limit that a container of the seat has reached."""
        return [
            sentence
            for host in seat.addresses
            for sentence in nspawn.find_reached_limits(_unit(seat, host), host)
        ]

    def _vms(self, plan: Plan) -> list[Host]:
        return [host for host in plan.hosts if self._is_vm(host)]

    def _is_there(self, plan: Plan, host: Host) -> bool:
        """Tell whether a host runs and need not start anew.

        A container whose disk became read-only has to, and a machine whose restoration was killed.
        """
        if self._is_vm(host):
            return _is_running(plan.seat, host.name) and disk.is_made(plan, host.name)
        return _is_running(plan.seat, host.name) and not nspawn.is_read_only(_unit(plan.seat, host.name))

    def _wait(
        self, plan: Plan, told: Mapping[str, socket.socket], limit: float | None, progress: Say
    ) -> None:
        """Wait until every host answers, and report units that failed to start.

        The hosts of `told` tell when they have booted; the others are asked.
        """
        progress(Message(N_("waiting for {hosts}"), {"hosts": [host.name for host in plan.hosts]}))
        is_running, explain = partial(_is_running, plan.seat), partial(boot_failure, plan)
        booted = readiness.wait(plan, told, is_running, explain)
        well = {name for name in booted if not consoles.has_failed_units(plan, name)}
        asked = [host.name for host in plan.hosts if host.name not in well]
        for waited in boot_query.wait(plan, is_running, explain, limit, asked):
            if waited.failed:
                values = {"host": waited.host, "units": waited.failed}
                progress(Message(N_("host {host} is up, but failed to start: {units}"), values))

    def _facts(self, plan: Plan, host: Host, layers: Layers) -> Mapping[str, object]:
        if layers.snapshots and self._is_vm(host):
            return qemu.facts(plan, host, layers.snapshots)
        return nspawn.facts(plan, host, layers)


CONTAINERS = ThisComputer("nspawn", lambda host: False)
VIRTUAL_MACHINES = ThisComputer("qemu", lambda host: True)
"""All hosts are containers, or all are virtual machines: golden hosts are made this way, too."""


def layers_named(name: str) -> Layers:
    """Return the layers of that name (`Layers.name`). Raises MachineryError if they are gone."""
    folder, *machines = (Path(line) for line in name.splitlines())
    snapshots = [qemu.find_snapshots(image.read(each.parent), each) for each in machines]
    return Layers(image.read(folder.parent), folder, *snapshots)


def _require_kept(plan: Plan, hosts: Sequence[str]) -> None:
    """Raise MachineryError if the start state of one of the hosts was not kept."""
    for name in hosts:
        if not disk.is_kept(plan, name):
            raise provider.not_kept(plan, name, disk.folder(plan, name))


def announce_vms(vms: Sequence[Host], is_mixed: bool, progress: Say) -> None:
    """Report the hosts that become virtual machines, and why: that decides about minutes."""
    needed = sorted({need for host in vms for need in host.needs})
    values = {"machines": [host.name for host in vms], "needs": needed}
    if is_mixed and needed:
        progress(
            Message(N_("virtual machines: {machines} (they need {needs}); the others: containers"), values)
        )
    else:
        progress(Message(N_("virtual machines: {machines}"), values))


def _select_hosts(golden: Plan, hosts: Sequence[Host]) -> Plan:
    """Return the plan for some of its hosts."""
    names = {host.name for host in hosts}
    chosen = tuple(host for host in golden.hosts if host.name in names)
    return replace(golden, lab=replace(golden.lab, hosts=chosen))


def _is_running(seat: Seat, host: str) -> bool:
    return cgroups.is_running(_unit(seat, host))


def _unit(seat: Seat, host: str) -> str:
    return network.namespace(seat.id, host)


def _clear_seat(seat_id: str) -> None:
    """Kill the seat's processes and remove its control groups and namespaces."""
    units = f"{network.namespace(seat_id)}-*"
    qemu.end_domains(seat_id)
    nspawn.resume(units)
    cgroups.end(units)
    access.close(seat_id)
    for name in network.namespaces(seat_id):
        network.delete(name)


def _is_ours(seat_id: str, seat: Seat) -> bool:
    """Tell whether the id belongs to the seat in its folder, or is free."""
    return claims.owner(seat_id) in (None, seat.folder)


def _remove_rest(pattern: str) -> None:
    """Delete the folders of removed seats, those of a removal that was killed too."""
    for path in state.root().glob(f"{REMOVED}{pattern}"):
        state.remove(path)


def _host_state(seat: Seat, host: str, has_disk: bool, is_cut_off: bool) -> str:
    if cgroups.is_frozen(_unit(seat, host)):
        return N_("asleep")
    if _is_running(seat, host):
        if nspawn.is_read_only(_unit(seat, host)):
            return disk_file.READ_ONLY
        return internet_gateway.CUT_OFF if is_cut_off else N_("running")
    return N_("stopped") if has_disk else N_("absent")


def boot_failure(plan: Plan, host: str, reason: Message) -> MachineryError:
    """Return the error for a host that did not come up, with the last lines of its console."""
    file = disk.folder(plan, host) / disk.CONSOLE
    text = file.read_text(errors="replace").replace("\r", "\n") if file.exists() else ""
    said = process.last_lines(untrusted.visible(text))
    return MachineryError(
        N_("host {host} did not come up: {reason}"),
        place=str(file),
        hint=N_("read this file, then run: sharklab down {lab}; sharklab up {lab}"),
        host=host,
        reason=Message("{reason}\n{said}", {"reason": reason, "said": said}) if said else reason,
        lab=plan.lab.name,
    )
