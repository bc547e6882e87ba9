"""Virtual machines through libvirt, where the user has it: another way to start the same machine.

A host is a transient domain: whoever runs `virsh list` or virt-manager sees it and has its console, and
libvirt forgets it when its QEMU ends, however that happens. The QEMU is put into the host's control group
and its cables into the seat's network namespace, so that all the rest is as for a QEMU of our own.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.message import N_
from sharklab.model import Host, Plan
from sharklab.providers import cgroups, disk, marks, network
from sharklab.providers.qemu import engine as engines
from sharklab.providers.qemu import machine as machines
from sharklab.providers.qemu import rights
from sharklab.providers.qemu.machine import Machine
from sharklab.providers.qemu.monitor import Monitor

VARIABLE = "LIBVIRT_DEFAULT_URI"
USUAL = "qemu:///system"

PROBE_SECONDS = 5.0
LIMIT = 120.0
"""Seconds that libvirt may take; the first time after an update it asks every QEMU what that can do."""

FORGET_LIMIT = 30.0
PAUSE = 0.05

Chain = Sequence[tuple[Path, str]]
"""A disk's file and those below it, each with its format."""

HINT = N_("see what libvirt's journal says; to do without libvirt: {variable}=qemu:///session")

# Paths are those of files that the holder has open (see `_holder`); the memory's file, our own monitor and
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
      <driver name='qemu' type='qcow2' cache='unsafe'/>
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


@cache
def connection() -> str:
    """Return how libvirt is reached that starts virtual machines here, or "" when there is none.

    It has to be this machine's own, with root's rights, and to answer in `PROBE_SECONDS`. One that
    LIBVIRT_DEFAULT_URI names and that is another kind (a session's, another machine's) is not taken.
    """
    address = os.environ.get(VARIABLE) or USUAL
    parts = urlsplit(address)
    if parts.scheme not in ("qemu", "qemu+unix") or (parts.netloc, parts.path) != ("", "/system"):
        return ""
    with suppress(OSError, subprocess.SubprocessError):
        words = ["virsh", "--quiet", "--connect", address, "uri"]
        subprocess.run(
            words, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS
        )
        return address
    return ""


def version(address: str) -> str:
    """Return what libvirt says of its version: another one may make other devices of a domain."""
    return _virsh(address, "version", "--daemon")


def name(plan: Plan, host: Host) -> str:
    """Return the name of the host's domain, by which a teacher knows it; the seat's id makes it unique."""
    words = ("sharklab", plan.lab.name, plan.seat.student, host.name, plan.seat.id)
    return "-".join(words).replace("/", "_")


@contextmanager
def started(plan: Plan, host: Host, machine: Machine) -> Iterator[None]:
    """Start the host's machine as a domain. Until the end of the context, its QEMU can open its files anew.

    Raises MachineryError with what libvirt said when it does not start.
    """
    state.write(_record(plan.seat.id, host.name), f"{machine.libvirt}\n{name(plan, host)}\n")
    chain = _chain(machine.disk)
    _lend(plan, machine, chain)
    paths = [machines.place(plan, host), machine.memory, machine.image.kernel, machine.image.ramdisk]
    with _holder(plan.seat.id, [*paths, *(file for file, _ in chain)]) as held:
        file = disk.folder(plan, host.name) / "domain.xml"
        state.write(file, domain(plan, host, machine, chain, held, _models(machine.libvirt)))
        _virsh(machine.libvirt, "create", "--paused", str(file))
        with Monitor(machines.monitor(plan, host)) as monitor:
            cgroups.adopt(machines.unit(plan, host), monitor.process)
            network.take(plan, host)
            if not machine.waits:
                monitor.ask("cont")
        yield


def forget(seat_id: str, host: str = "*") -> None:
    """End the domains of a seat, or that of one host, and wait until libvirt knows them no more.

    Raises MachineryError when it goes on to know one. A libvirt that has ended knows none.
    """
    pattern = _record(seat_id, host)
    for record in pattern.parent.glob(pattern.name):
        address, domain_name = record.read_text().splitlines()
        deadline = time.monotonic() + FORGET_LIMIT
        while _is_known(address, domain_name):
            with suppress(MachineryError):  # it ended meanwhile
                _virsh(address, "destroy", domain_name)
            if time.monotonic() > deadline:
                raise MachineryError(
                    N_("libvirt does not end domain {name}"),
                    place=address,
                    hint="virsh destroy {name}",
                    name=domain_name,
                )
            time.sleep(PAUSE)
        record.unlink()


def domain(
    plan: Plan, host: Host, machine: Machine, chain: Chain, held: Mapping[Path, Path], models: Sequence[str]
) -> str:
    """Return the host's domain in libvirt's XML.

    `chain` is the machine's disk and what is below it, `held` has the path for QEMU of each file, and
    `models` are libvirt's security drivers.
    """
    is_kvm = machine.engine == engines.KVM
    first, *rest = chain
    return DOMAIN.format(
        kind="kvm" if is_kvm else "qemu",
        name=escape(name(plan, host)),
        uuid=uuid.uuid5(uuid.NAMESPACE_URL, name(plan, host)),
        memory=machines.MEMORY,
        cpu="host-passthrough" if is_kvm else "maximum",
        kernel=held[machine.image.kernel],
        ramdisk=held[machine.image.ramdisk],
        cmdline=escape(machines.KERNEL),
        cache="" if is_kvm else f"<tcg><tb-cache unit='MiB'>{engines.TRANSLATIONS}</tb-cache></tcg>",
        disk=quoteattr(str(held[first[0]])),
        below=_below([(held[file], form) for file, form in rest]),
        cards="\n    ".join(_cards(plan, host)),
        console=quoteattr(str(disk.folder(plan, host.name) / "console.log")),
        port=quoteattr(str(machines.port(plan, host))),
        labels="\n  ".join(_label(model, plan.seat.id) for model in models),
        options="\n    ".join(
            f"<qemu:arg value={quoteattr(word)}/>" for word in _options(plan, host, machine, held)
        ),
        **{key: SLOT.format(slot=slot) for key, slot in SLOTS.items()},
    )


def _options(plan: Plan, host: Host, machine: Machine, held: Mapping[Path, Path]) -> list[str]:
    """Return QEMU's options for what libvirt has no words for."""
    place = held[machines.place(plan, host)]
    return [
        *("-object", machines.memory(held[machine.memory], machine.is_shared)),
        *("-machine", "memory-backend=memory"),
        *("-qmp", f"unix:{place / machines.monitor(plan, host).name},server=on,wait=off"),
        *(("-incoming", "defer") if machine.waits else ()),
    ]


def _below(chain: Chain) -> str:
    """Return what is below a disk, which libvirt then does not look for by itself."""
    if not chain:
        return "<backingStore/>"
    (file, form), *rest = chain
    return BELOW.format(form=quoteattr(form), file=quoteattr(str(file)), below=_below(rest))


def _cards(plan: Plan, host: Host) -> Iterator[str]:
    for index, (port, _, mac) in enumerate(network.ports(plan, host)):
        slot = SLOT.format(slot=machines.FIRST_SLOT + index)
        yield CARD.format(mac=mac, tap=network.tap(plan, port), slot=slot)


def _label(model: str, seat_id: str) -> str:
    """Return what a security driver is told: QEMU is the seat's own user, and no file gets another owner."""
    if model != "dac":
        return f"<seclabel type='none' model={quoteattr(model)}/>"
    user = f"+{rights.user(seat_id)}:+{rights.GROUP}"
    return f"<seclabel type='static' model='dac' relabel='no'><label>{user}</label></seclabel>"


def _models(address: str) -> list[str]:
    """Return the security drivers that libvirt uses ("dac", "apparmor", "selinux")."""
    host = ElementTree.fromstring(_virsh(address, "capabilities")).find("host")  # noqa: S314 (libvirt's own)
    found = [model.text or "" for model in host.findall("secmodel/model")] if host is not None else []
    return [model for model in found if model != "none"]


def _record(seat_id: str, host: str) -> Path:
    """Return the file that says of which libvirt a host is a domain, and its name there."""
    return marks.folder(seat_id) / f"{host}.domain"


def _chain(disk: Path) -> Chain:
    words = ["qemu-img", "info", "--backing-chain", "--output=json", str(disk)]
    return [(Path(each["filename"]), each["format"]) for each in json.loads(process.run(words))]


def _lend(plan: Plan, machine: Machine, chain: Chain) -> None:
    """Let the seat's user use its own files, and all QEMUs those that seats share.

    QEMU opens the memory's file for writing even where it maps it for itself alone. A kernel and what it
    boots first are no secrets, though some systems keep the latter for root.
    """
    user, (own, *shared) = rights.user(plan.seat.id), [file for file, _ in chain]
    machine.memory.touch()
    modes = {own: (user, 0o600), machine.memory: (user, 0o600) if machine.is_shared else (0, 0o660)}
    for file, (owner, mode) in {**dict.fromkeys(shared, (0, 0o640)), **modes}.items():
        os.chown(file, owner, rights.GROUP)
        file.chmod(mode)
    for file in (machine.image.kernel, machine.image.ramdisk):
        file.chmod(file.stat().st_mode | 0o004)


@contextmanager
def _holder(seat_id: str, paths: Sequence[Path]) -> Iterator[Mapping[Path, Path]]:
    """Yield by which path QEMU opens each file or folder: as one that a process of its own user has open.

    The way to a seat's folder and to the images is root's alone, and stays so.
    """
    files = {path: os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in paths}
    words = [*rights.become(seat_id), "cat"]
    try:
        # It ends with its standard input, and so with this process, however that happens.
        with subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=[*files.values()]) as holder:
            yield {path: Path(f"/proc/{holder.pid}/fd/{file}") for path, file in files.items()}
    finally:
        for file in files.values():
            os.close(file)


def _is_known(address: str, domain_name: str) -> bool:
    try:
        return domain_name in _virsh(address, "list", "--all", "--name").splitlines()
    except MachineryError:
        return False


def _virsh(address: str, *words: str) -> str:
    command = ["virsh", "--quiet", "--connect", address, *words]
    try:
        return process.run(command, timeout=LIMIT)
    except MachineryError as error:
        raise MachineryError(
            error.message_id, place=error.place, hint=HINT, variable=VARIABLE, **error.values
        ) from error
