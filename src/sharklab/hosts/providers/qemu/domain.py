"""A virtual machine in libvirt's XML, with the parts that it has as a QEMU of our own (vm.py)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from sharklab.hosts.providers import disk, network
from sharklab.hosts.providers.qemu import accelerator, rights, vm
from sharklab.hosts.providers.qemu.vm import VirtualMachine
from sharklab.lab.model import Host, Plan

# Paths are those of files that the holder has open (see libvirt.py); the memory's file, our own monitor and
# the machine's waiting have no words of libvirt's. Cards leave no checksum and no segmentation to others.
DOMAIN = """\
<domain type='{kind}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <genid/>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <cpu mode='{cpu}'/>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{ramdisk}</initrd>
    <cmdline>{cmdline}</cmdline>
  </os>
  <features><acpi/>{cache}</features>
  <devices>
    <controller type='usb' model='none'/>
    <controller type='virtio-serial' index='0'>{serial_slot}</controller>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='{disk_cache}'/>
      <source file={disk}/>
      {below}
      <target dev='vda' bus='virtio'/>
      {disk_slot}
    </disk>
    {cards}
    <serial type='pty'>
      <log file={console} append='on'/>
      <target port='0'/>
    </serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <channel type='unix'>
      <source mode='bind' path={port}/>
      <target type='virtio' name='sharklab'/>
    </channel>
    <rng model='virtio'><backend model='builtin'/>{rng_slot}</rng>
    <memballoon model='none'/>
  </devices>
  {labels}
  <qemu:commandline>
    {options}
  </qemu:commandline>
</domain>
"""
BELOW = "<backingStore type='file'><format type={form}/><source file={file}/>{below}</backingStore>"
CARD = """\
<interface type='ethernet'>
      <mac address='{mac}'/>
      <target dev='{tap}'/>
      <model type='virtio'/>
      <driver name='qemu'>
        <host csum='off' gso='off' tso4='off' tso6='off' ecn='off' ufo='off' mrg_rxbuf='off'/>
        <guest csum='off' tso4='off' tso6='off' ecn='off' ufo='off'/>
      </driver>
      <rom enabled='no'/>
      {slot}
    </interface>"""
SLOT = "<address type='pci' domain='0x0000' bus='0x00' slot='{slot:#04x}' function='0x0'/>"
SLOTS = {"disk_slot": 3, "serial_slot": 4, "rng_slot": 5}


def name(plan: Plan, host: Host) -> str:
    """Return the name of the host's domain, by which a teacher knows it; the seat's id makes it unique."""
    words = ("sharklab", plan.lab.name, plan.seat.student, host.name, plan.seat.id)
    return "-".join(words).replace("/", "_")


def text(
    plan: Plan, host: Host, machine: VirtualMachine, held: Mapping[Path, Path], models: Sequence[str]
) -> str:
    """Return the host's domain.

    `held` has the path for QEMU of each file, and `models` are libvirt's security drivers.
    """
    is_kvm = machine.accelerator == accelerator.KVM
    first, *below = (held[file] for file in machine.disks)
    return DOMAIN.format(
        kind="kvm" if is_kvm else "qemu",
        name=escape(name(plan, host)),
        uuid=uuid.uuid5(uuid.NAMESPACE_URL, name(plan, host)),
        memory=vm.MEMORY,
        cpu="host-passthrough" if is_kvm else "maximum",
        kernel=held[machine.image.kernel],
        ramdisk=held[machine.image.ramdisk],
        cmdline=escape(vm.KERNEL),
        cache="" if is_kvm else f"<tcg><tb-cache unit='MiB'>{accelerator.TRANSLATIONS}</tb-cache></tcg>",
        disk_cache=machine.cache,
        disk=quoteattr(str(first)),
        below=_write_backing(below),
        cards="\n    ".join(_cards(plan, host)),
        console=quoteattr(str(disk.folder(plan, host.name) / "console.log")),
        port=quoteattr(str(vm.port(plan, host))),
        labels="\n  ".join(_label(model, plan.seat.id, group(machine)) for model in models),
        options="\n    ".join(
            f"<qemu:arg value={quoteattr(word)}/>" for word in _options(plan, host, machine, held)
        ),
        **{key: SLOT.format(slot=slot) for key, slot in SLOTS.items()},
    )


def _options(plan: Plan, host: Host, machine: VirtualMachine, held: Mapping[Path, Path]) -> list[str]:
    """Return QEMU's options that libvirt's XML cannot express."""
    folder = held[vm.sockets_folder(plan, host)]
    return [
        *("-object", vm.memory(held[machine.memory], machine.is_shared)),
        *("-machine", "memory-backend=memory"),
        *("-qmp", f"unix:{folder / vm.monitor(plan, host).name},server=on,wait=off"),
        *(("-incoming", "defer") if machine.waits else ()),
    ]


def _write_backing(disks: Sequence[Path]) -> str:
    """Return the element for the layers below a disk, so that libvirt does not search for them."""
    if not disks:
        return "<backingStore/>"
    form, file = quoteattr(vm.disk_format(disks)), quoteattr(str(disks[0]))
    return BELOW.format(form=form, file=file, below=_write_backing(disks[1:]))


def _cards(plan: Plan, host: Host) -> Iterator[str]:
    for index, (port, _, mac) in enumerate(network.ports(plan, host)):
        slot = SLOT.format(slot=vm.FIRST_SLOT + index)
        yield CARD.format(mac=mac, tap=network.tap(plan, port), slot=slot)


def _label(model: str, seat_id: str, group: int) -> str:
    """Return the label for a security driver: QEMU is the seat's own user, and files keep their owners."""
    if model != "dac":
        return f"<seclabel type='none' model={quoteattr(model)}/>"
    user = f"+{rights.user(seat_id)}:+{group}"
    return f"<seclabel type='static' model='dac' relabel='no'><label>{user}</label></seclabel>"


def group(machine: VirtualMachine) -> int:
    """Return the group of a machine's QEMU."""
    given = rights.group(machine.accelerator)
    return rights.GROUP if given is None else given
