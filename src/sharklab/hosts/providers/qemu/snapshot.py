"""Golden snapshots: every host of a lab is booted once, saved while it runs, and restored for each seat.

<layers>.vm-<hash>/<host>/base.raw    the file system: image and baked layer
                          disk.qcow2  what the boot changed on it
                          memory      the memory, which restored machines share page by page
                          devices     the state of everything else
"""

from __future__ import annotations

import shlex
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.image import build
from sharklab.hosts.image.model import Image, Layers, Snapshots
from sharklab.hosts.providers import access, cgroups, claims, disk, network
from sharklab.hosts.providers.provider import Provider
from sharklab.hosts.providers.qemu import accelerator, domain, libvirt, trial, vm
from sharklab.hosts.providers.qemu.monitor import Monitor
from sharklab.hosts.providers.qemu.startup import start_machine
from sharklab.hosts.providers.qemu.vm import VirtualMachine
from sharklab.lab.model import Host, Plan
from sharklab.message import N_, Message
from sharklab.process import Say

SIZE = "8G"
"""Size of a host's disk. Unwritten parts take no space."""

BOOT_LIMIT = 900.0
"""Seconds until a machine has booted; under emulation on a busy computer that is minutes."""

LINK = "[Match]\nPath=pci-0000:00:{slot:02x}.0\n\n[Link]\nName={name}\n"

# The mount is in a namespace of its own, and ends with it.
MAKE_DISK = """
mount -t overlay overlay -o "lowerdir=$1,upperdir=upper,workdir=work" root &&
    truncate --size="$2" base.raw &&
    mke2fs -q -F -t ext4 -E lazy_itable_init=1 -d root base.raw
"""


def snapshots(
    golden: Plan, hosts: Sequence[Host], layers: Layers, provider: Provider, progress: Say
) -> Snapshots:
    """Return the snapshots of `hosts`, made now if they are not there yet.

    `provider` removes the golden hosts that are booted for that. Raises MachineryError when a machine
    does not boot.
    """
    chosen = trial.choose(layers.image.kernel)
    address = libvirt.address_for(chosen)
    _announce(address, progress)
    content = [
        chosen,
        accelerator.version(),
        vm.MEMORY,
        vm.KERNEL,
        vm.PLAIN,
        [h.name for h in hosts],
        *([libvirt.version(address), domain.DOMAIN, domain.CARD, domain.SLOTS] if address else []),
    ]
    name = f"{layers.folder.name}.vm-{build.fingerprint(list(map(str, content)))}"
    made = Snapshots(layers.image, layers.folder.with_name(name), chosen, address)
    building = made.folder.with_name(f"{name}.building")
    if not made.folder.is_dir():
        what = Message(N_("image of lab {lab}"), {"lab": golden.lab.name})
        with state.lock(building / "lock", what, build.PATIENCE, progress):
            try:
                if not made.folder.is_dir():
                    _make(golden, hosts, layers, made, provider, progress)
            finally:
                state.remove(building)
    return made


def find_snapshots(image: Image, folder: Path) -> Snapshots:
    """Return the snapshots in a folder that `snapshots` left. Machines that have a disk boot from it.

    The accelerator is that of now: only a restored machine needs the one that made the snapshot.
    """
    chosen = trial.choose(image.kernel)
    return Snapshots(image, folder, chosen, libvirt.address_for(chosen))


def _announce(address: str, progress: Say) -> None:
    """Report the program that starts virtual machines here."""
    if address:
        progress(Message(N_("libvirt starts the virtual machines ({address})"), {"address": address}))
    else:
        progress(Message(N_("QEMU starts the virtual machines, without libvirt")))


def _make(
    golden: Plan,
    hosts: Sequence[Host],
    layers: Layers,
    made: Snapshots,
    provider: Provider,
    progress: Say,
) -> None:
    """Boot the hosts for no student, and keep them as they are then."""
    building = made.folder.with_name(f"{made.folder.name}.building")
    own_id = build.fingerprint(str(building))[:8]
    plan = replace(golden, seat=replace(golden.seat, id=own_id, folder=building / "seat"))
    provider.down(plan.seat)
    try:
        claims.claim(plan.seat.id, plan.seat.folder)
        access.prepare(plan)
        network.build(plan)
        for host in hosts:
            progress(Message(N_("making the disk of {host}"), {"host": host.name}))
            _make_disk(plan, host, layers)
        how = "KVM" if made.accelerator == accelerator.KVM else "TCG"
        values = {"hosts": [host.name for host in hosts], "accelerator": how}
        with ExitStack() as stack:
            for host in hosts:
                stack.enter_context(start_machine(plan, host, _golden_machine(plan, host, made)))
            progress(Message(N_("booting {hosts} ({accelerator}), once for all seats"), values))
            # Their ports stay open until they are saved: a port that closes ends their waiting.
            ports = [stack.enter_context(vm.connect(plan, host, BOOT_LIMIT)) for host in hosts]
            for host, port in zip(hosts, ports, strict=True):
                _wait(plan, host, port)
            for host in hosts:
                _save(plan, host, building / "snapshots" / host.name)
        (building / "snapshots").rename(made.folder)
    finally:
        provider.down(plan.seat)


def _golden_machine(plan: Plan, host: Host, made: Snapshots) -> VirtualMachine:
    folder = disk.folder(plan, host.name)
    disks, memory = (folder / disk.VM_DISK, folder / "base.raw"), folder / "memory"
    # An interrupted snapshot is thrown away whole.
    return VirtualMachine(
        made.accelerator, made.image, disks, memory, is_shared=True, libvirt=made.libvirt, cache="unsafe"
    )


def _make_disk(plan: Plan, host: Host, layers: Layers) -> None:
    """Make the disk of a host that knows the controller's way in, and nothing of the lab's networks."""
    disk.make(plan, host, layers)
    folder = disk.folder(plan, host.name)
    for name in host.networks:
        (folder / "upper/etc/NetworkManager/system-connections" / f"{name}.nmconnection").unlink()
    for index, (_, name, _) in enumerate(network.ports(plan, host)):
        link = LINK.format(slot=vm.FIRST_SLOT + index, name=name)
        disk.put(folder / "upper", f"etc/systemd/network/70-{name}.link", link, 0o644)
    disk.put(folder / "upper", "etc/sharklab-asleep", "", 0o644)
    lowers = disk.lower_links(plan, host.name, layers)
    script = f"cd {shlex.quote(str(folder))} && {MAKE_DISK}"
    process.run(["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", lowers, SIZE])
    overlay(folder / disk.VM_DISK, Path("base.raw"), "raw")


def overlay(file: Path, below: Path, form: str) -> None:
    """Make a disk that holds what is changed on the one `below` it, whose path may be relative to it."""
    process.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", form, "-b", below, file])


def _wait(plan: Plan, host: Host, port: socket.socket) -> None:
    """Wait until the host has booted and waits for a seat."""
    if vm.read_line(port) != "asleep":
        console = disk.folder(plan, host.name) / "console.log"
        raise MachineryError(
            N_("host {host} did not come up: {reason}"),
            place=vm.unit(plan, host),
            host=host.name,
            reason=process.last_lines(console.read_text(errors="replace")) or "EOF",
        )


def _save(plan: Plan, host: Host, target: Path) -> None:
    """Save the host's memory, devices and disk, and end it."""
    folder = disk.folder(plan, host.name)
    with Monitor(vm.monitor(plan, host)) as monitor:
        monitor.ask("stop")
        monitor.save(folder / "devices")
        monitor.ask("quit")
    cgroups.end(vm.unit(plan, host))
    state.folder(target)
    for name in ("base.raw", disk.VM_DISK, "memory", "devices"):
        (folder / name).rename(target / name)
