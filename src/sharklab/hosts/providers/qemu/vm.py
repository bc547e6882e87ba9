"""One virtual machine: its parts, its command, its end.

The machine that a snapshot is made from and those that are restored from it have the same parts, but for
the disk, the memory's file and the addresses of the network cards.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Accelerator, Image
from sharklab.hosts.providers import access, cgroups, claims, disk, network
from sharklab.hosts.providers.qemu import accelerator, rights
from sharklab.hosts.providers.qemu.monitor import Monitor
from sharklab.lab.model import Host, Plan

MEMORY = 512
"""Mebibytes; the pages that a host does not write are shared by all that come from one snapshot."""

# A file system that was baked in a container has none of the labels that Rocky's SELinux asks for.
KERNEL_SETTINGS = (
    "rw rootflags=noinit_itable console=ttyS0 quiet net.ifnames=0 random.trust_cpu=on panic=10 selinux=0"
)
KERNEL = f"root=/dev/vda {KERNEL_SETTINGS}"
MONITOR = "qmp"
PAUSED = ".paused"
"""The end of the name of the note that a machine rests; the host's name stands before it."""

FIRST_SLOT = 0x10
"""Network cards are in the PCI slots from here on, in the order of `network.ports`."""

# No checksum and no segmentation is left to a card: captures show what a real wire would carry.
PLAIN = ",".join(
    f"{name}=off"
    for name in (
        *("csum", "gso", "mrg_rxbuf", "guest_csum", "guest_tso4", "guest_tso6", "guest_ecn", "guest_ufo"),
        *("host_tso4", "host_tso6", "host_ecn", "host_ufo"),
    )
)


@dataclass(frozen=True)
class VirtualMachine:
    """The start parameters of a virtual machine.

    `disks`: its disk, and those below it, which stay unchanged; all are qcow2 except the last, which is raw.
    `is_shared`: its writes to memory go to the memory's file; otherwise that file stays as it is.
    `waits`: for the state of its devices, by the monitor. `libvirt`: the libvirt that starts it; "" for
    none. `cache`: QEMU's mode of the disk's cache. By "writeback" the disk has what the machine asked to be
    written, also after a power cut of the computer; by "unsafe" it may not, which is faster.
    """

    accelerator: Accelerator
    image: Image
    disks: tuple[Path, ...]
    memory: Path
    is_shared: bool = False
    waits: bool = False
    libvirt: str = ""
    cache: str = "writeback"


def unit(plan: Plan, host: Host) -> str:
    """Return the name of the control group of the host's QEMU."""
    return network.namespace(plan.seat.id, host.name)


def sockets_folder(plan: Plan, host: Host) -> Path:
    """Return the folder in which QEMU makes sockets, which need short names: the seat's may be long."""
    return _sockets_folder(plan.seat.id, host.name)


def _sockets_folder(seat_id: str, host: str) -> Path:
    return claims.folder(seat_id) / f"{host}.qemu"


def monitor(plan: Plan, host: Host) -> Path:
    """Return the socket of the host's QMP."""
    return sockets_folder(plan, host) / MONITOR


def port(plan: Plan, host: Host) -> Path:
    """Return our end of the host's own port, at which it waits for what makes it a seat's."""
    return claims.folder(plan.seat.id) / f"{host.name}.port"


def connect(plan: Plan, host: Host, seconds: float) -> socket.socket:
    """Return our end of the host's own port, which waits so many seconds for a word. Raises OSError."""
    own = socket.socket(socket.AF_UNIX)
    own.settimeout(seconds)
    try:
        own.connect(str(port(plan, host)))
    except OSError:
        own.close()
        raise
    return own


def read_line(port: socket.socket) -> str:
    """Return the next line that a host says at its port, "" when it says nothing, or has ended."""
    try:
        with port.makefile("r", errors="replace") as lines:
            return lines.readline().strip()
    except OSError:
        return ""


def power_off(plan: Plan, host: Host) -> None:
    """Press the power button of a host that runs."""
    if cgroups.is_running(unit(plan, host)):
        with Monitor(monitor(plan, host)) as own:
            own.ask("system_powerdown")


@contextmanager
def pause_host(plan: Plan, host: Host) -> Iterator[None]:
    """Let the machine rest meanwhile, with all that it wrote in the file of its disk (QMP `stop`).

    A note says so as long as it rests: `resume` reads it after a command that was killed.
    """
    access.write_out(plan.seat, host.name)
    note = claims.folder(plan.seat.id) / f"{host.name}{PAUSED}"
    with Monitor(monitor(plan, host)) as own:
        state.write(note, "")
        own.ask("stop")
        try:
            yield
        finally:
            own.ask("cont")
            note.unlink(missing_ok=True)


def resume(seat_id: str) -> None:
    """Let machines of a seat run again that a command left in `paused`, because it was killed meanwhile."""
    for note in claims.folder(seat_id).glob(f"*{PAUSED}"):
        socket_file = _sockets_folder(seat_id, note.name.removesuffix(PAUSED)) / MONITOR
        with suppress(MachineryError), Monitor(socket_file) as own:  # it has ended
            own.ask("cont")
        note.unlink(missing_ok=True)


def command(plan: Plan, host: Host, machine: VirtualMachine) -> list[str]:
    """Return the command that is the machine.

    It does not go to the background by itself (-daemonize): for that it would need the right to fork.
    """
    drive = f"if=none,id=disk,cache={machine.cache},auto-read-only=off,{_disk(machine.disks)}"
    console = f"file,id=console,append=on,path={_escape(disk.folder(plan, host.name) / 'console.log')}"
    return [
        *(
            accelerator.program(),
            *rights.options(plan.seat.id),
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
        ),
        *("-name", unit(plan, host), "-accel", machine.accelerator.option, "-cpu", machine.accelerator.cpu),
        *("-machine", "q35,memory-backend=memory", "-m", str(MEMORY), "-smp", "1"),
        *("-object", memory(machine.memory, machine.is_shared)),
        *("-kernel", str(machine.image.kernel), "-initrd", str(machine.image.ramdisk), "-append", KERNEL),
        *("-drive", drive, "-device", "virtio-blk-pci,drive=disk"),
        *(word for index in range(len(host.networks) + 1) for word in _card(plan, host, index)),
        *(
            "-device",
            "virtio-serial-pci",
            "-chardev",
            f"socket,id=own,path={port(plan, host)},server=on,wait=off",
        ),
        *("-device", "virtserialport,chardev=own,name=sharklab"),
        *("-device", "virtio-rng-pci", "-device", "vmgenid,guid=auto"),
        *("-chardev", console, "-serial", "chardev:console"),
        *("-qmp", f"unix:{monitor(plan, host)},server=on,wait=off"),
        *(("-incoming", "defer") if machine.waits else ()),
    ]


def memory(file: Path, is_shared: bool) -> str:
    """Return QEMU's option for the machine's memory, which is in a file."""
    read = ",readonly=on,rom=off" if not is_shared and accelerator.can_map_read_only() else ""
    share = f"share={'on' if is_shared else 'off'}{read}"
    return f"memory-backend-file,id=memory,size={MEMORY}M,mem-path={_escape(file)},{share}"


def disk_format(disks: Sequence[Path]) -> str:
    """Return the format of the first of a machine's disks."""
    return "qcow2" if len(disks) > 1 else "raw"


def _disk(disks: Sequence[Path], level: str = "") -> str:
    """Return QEMU's options for a disk and all below it.

    They are told, and not left to the disk, where QEMU looks for it as root.
    """
    first, *below = disks
    own = f"{level}driver={disk_format(disks)},{level}file.driver=file,{level}file.filename={_escape(first)}"
    return f"{own},{_disk(below, f'{level}backing.')}" if below else own


def _card(plan: Plan, host: Host, index: int) -> list[str]:
    """Return the options of a network card and the cable from it to the seat's bridge."""
    cable, _, mac = network.ports(plan, host)[index]
    return [
        *("-netdev", f"tap,id={cable},ifname={cable},script=no,downscript=no,vhost=off"),
        "-device",
        f"virtio-net-pci,netdev={cable},mac={mac},addr={FIRST_SLOT + index:#x},romfile=,{PLAIN}",
    ]


def _escape(path: Path) -> str:
    """Return a path as a value of one of QEMU's options, where a comma is doubled."""
    return str(path).replace(",", ",,")
