"""Make restored machines a seat's own: names, addresses, keys, identity and clock, in a few seconds.

A restored host waits at a port of its own (image/awake.sh) for an archive, and puts it in place. The
controller's way in is the same in every seat; it is the one thing that a restored host keeps.
"""

from __future__ import annotations

import io
import os
import socket
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Snapshots
from sharklab.hosts.providers import access, disk, network
from sharklab.hosts.providers.qemu import snapshot, vm
from sharklab.hosts.providers.qemu.monitor import Monitor
from sharklab.hosts.providers.qemu.startup import start_machine
from sharklab.hosts.providers.qemu.vm import VirtualMachine
from sharklab.lab.model import Host, Plan
from sharklab.message import N_, Message
from sharklab.process import Say

LIMIT = 600.0
"""Seconds until a host answers; a cold boot under emulation on a busy computer takes minutes."""

ExplainFailure = Callable[[Plan, str, Message], MachineryError]


def start(plan: Plan, hosts: Sequence[Host], made: Snapshots, explain: ExplainFailure, progress: Say) -> None:
    """Restore the hosts that are new and make them the seat's own; boot those that have a disk.

    Raises what `explain` makes of a host and a reason when one does not wake up.
    """
    new = [host for host in hosts if not disk.is_made(plan, host.name)]
    with ExitStack() as stack:
        for host in hosts:
            stack.enter_context(start_machine(plan, host, _machine(plan, host, made, is_new=host in new)))
        if new:
            progress(Message(N_("restoring {hosts}"), {"hosts": [host.name for host in new]}))
        ports = [stack.enter_context(_restore(plan, host, made)) for host in new]
        for host, port in zip(new, ports, strict=True):
            if vm.read_line(port) != "awake":
                raise explain(plan, host.name, Message(N_("the restored host did not answer")))
            state.write(disk.folder(plan, host.name) / "lowers", f"{made.folder / host.name}\n")


def facts(plan: Plan, host: Host, made: Snapshots) -> Mapping[str, object]:
    """Return the facts that ansible.builtin.setup would gather on a host that is restored from `made`."""
    return {
        "os_family": made.image.family,
        "virtualization_tech_guest": ["kvm"],
        "ssh_host_key_ed25519_public": access.public(access.host_key(plan, host.name)).split()[1],
    }


def _machine(plan: Plan, host: Host, made: Snapshots, is_new: bool) -> VirtualMachine:
    """Return the machine of a host: with the snapshot's memory when it is new, else with an empty one."""
    folder, golden = state.folder(disk.folder(plan, host.name)), made.folder / host.name
    own = folder / disk.VM_DISK
    disks = (own, golden / disk.VM_DISK, golden / "base.raw")
    machine = VirtualMachine(made.accelerator, made.image, disks, golden / "memory", libvirt=made.libvirt)
    if is_new:
        own.unlink(missing_ok=True)
        snapshot.overlay(own, golden / disk.VM_DISK, "qcow2")
        return replace(machine, waits=True)
    golden = disk.list_layers(plan, host.name)[0]
    image = replace(made.image, folder=golden.parents[1])
    disks = (own, golden / disk.VM_DISK, golden / "base.raw")
    return replace(machine, image=image, disks=disks, memory=folder / "memory", is_shared=True)


def _restore(plan: Plan, host: Host, made: Snapshots) -> socket.socket:
    """Restore a host, give it what makes it the seat's, and return the port at which it says that it is.

    The port is open before the host runs, as when the host was saved: one that closes ends its waiting.
    """
    port = vm.connect(plan, host, LIMIT)
    with Monitor(vm.monitor(plan, host)) as monitor:
        monitor.restore(made.folder / host.name / "devices")
        monitor.ask("cont")
    content = archive(plan, host)
    port.sendall(f"{len(content)}\n".encode() + content)
    return port


def archive(plan: Plan, host: Host) -> bytes:
    """Return the tar archive of the host's own files, and of the script that puts them to use."""
    management = f"etc/NetworkManager/system-connections/{network.MANAGEMENT}.nmconnection"
    own = {path: entry for path, entry in disk.files(plan, host).items() if path != management}
    own["run/sharklab-awake"] = (0o700, _script(plan, host))
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, (mode, text) in own.items():
            _add(tar, path, text.encode(), mode)
        _add(tar, "run/sharklab-seed", os.urandom(64), 0o600)
    return content.getvalue()


def _add(tar: tarfile.TarFile, path: str, data: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode, entry.mtime = len(data), mode, int(time.time())
    tar.addfile(entry, io.BytesIO(data))


def _script(plan: Plan, host: Host) -> str:
    """Return the script that the host runs after it has its files; SSH starts last, when all else is done."""
    cards = [
        f"ip link set dev {name} address {plan.seat.address(host.name, name).mac}" for name in host.networks
    ]
    return "\n".join(
        [
            "set -e",
            f"date --set=@{time.time():.0f} >/dev/null",
            # Restored machines must not draw the same random numbers (the kernel hears of it by vmgenid too).
            "cat /run/sharklab-seed >/dev/urandom",
            f"echo {host.name} >/proc/sys/kernel/hostname",
            "systemctl restart systemd-journald",
            *cards,
            "nmcli connection reload",
            "systemctl reload sshd",
            "rm /run/sharklab-awake /run/sharklab-seed",
            "",
        ]
    )
