"""Virtual machines through libvirt, where the user has it: another way to start the same machine.

A host is a transient domain: a user of `virsh list` or virt-manager sees it and has its console, and
libvirt forgets it when its QEMU ends, however that happens. The QEMU is put into the host's control group
and its cables into the seat's network namespace, so that all the rest is as for a QEMU of our own.
"""

from __future__ import annotations

import glob
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Accelerator
from sharklab.hosts.providers import cgroups, claims, disk, network
from sharklab.hosts.providers.qemu import accelerator, domain, rights, vm
from sharklab.hosts.providers.qemu.monitor import Monitor
from sharklab.hosts.providers.qemu.vm import VirtualMachine
from sharklab.lab.model import Host, Plan
from sharklab.message import N_

LOGS = Path("/var/log/libvirt/qemu")
VARIABLE = "LIBVIRT_DEFAULT_URI"
USUAL = "qemu:///system"

PROBE_SECONDS = 5.0
LIMIT = 120.0
"""Seconds that libvirt may take; the first time after an update it asks every QEMU what that can do."""

FORGET_LIMIT = 30.0
PAUSE = 0.05

HINT = N_("read libvirt's log (journalctl); to start QEMU without libvirt: {variable}=qemu:///session")


@cache
def find_address() -> str:
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


def address_for(chosen: Accelerator) -> str:
    """Return the address of the libvirt that starts machines of `chosen`, or "" where QEMU starts without it.

    Libvirt's QEMU opens /dev/kvm without root's rights, which not every machine allows.
    """
    return find_address() if rights.group(chosen) is not None else ""


def version(address: str) -> str:
    """Return libvirt's version: another one may make other devices of a domain."""
    return _virsh(address, "version", "--daemon")


@contextmanager
def start_domain(plan: Plan, host: Host, machine: VirtualMachine) -> Iterator[None]:
    """Start the host's machine as a domain. Until the end of the context, its QEMU can open its files anew.

    Raises MachineryError with what libvirt said when it does not start.
    """
    state.write(_record(plan.seat.id, host.name), f"{machine.libvirt}\n{domain.name(plan, host)}\n")
    _grant_access(plan, machine)
    paths = [vm.sockets_folder(plan, host), machine.memory, machine.image.kernel, machine.image.ramdisk]
    with _open_files(plan.seat.id, domain.group(machine), [*paths, *machine.disks]) as held:
        file = disk.folder(plan, host.name) / "domain.xml"
        state.write(file, domain.text(plan, host, machine, held, _models(machine.libvirt)))
        _virsh(machine.libvirt, "create", "--paused", str(file))
        with Monitor(vm.monitor(plan, host)) as monitor:
            cgroups.adopt(vm.unit(plan, host), monitor.process)
            network.take_taps(plan, host)
            if not machine.waits:
                monitor.ask("cont")
        yield


def end_domains(seat_id: str, host: str = "*") -> None:
    """End the domains of a seat, or that of one host, and wait until libvirt knows them no more.

    The log of a domain that is gone is removed. Raises MachineryError when it goes on to
    know one. A libvirt that has ended knows none.
    """
    pattern = _record(seat_id, host)
    for record in pattern.parent.glob(pattern.name):
        address, name = record.read_text().splitlines()
        deadline = time.monotonic() + FORGET_LIMIT
        while _is_known(address, name):
            with suppress(MachineryError):  # it ended meanwhile
                _virsh(address, "destroy", name)
            if time.monotonic() > deadline:
                raise MachineryError(
                    N_("libvirt does not end domain {name}"),
                    place=address,
                    hint="virsh destroy {name}",
                    name=name,
                )
            time.sleep(PAUSE)
        for file in LOGS.glob(f"{glob.escape(name)}.log*"):
            file.unlink(missing_ok=True)
        record.unlink()


def _models(address: str) -> list[str]:
    """Return the security drivers that libvirt uses ("dac", "apparmor", "selinux")."""
    host = ElementTree.fromstring(_virsh(address, "capabilities")).find("host")  # noqa: S314 (libvirt's own)
    drivers = [model.text or "" for model in host.findall("secmodel/model")] if host is not None else []
    return [model for model in drivers if model != "none"]


def _record(seat_id: str, host: str) -> Path:
    """Return the file that says of which libvirt a host is a domain, and its name there."""
    return claims.folder(seat_id) / f"{host}.domain"


def _grant_access(plan: Plan, machine: VirtualMachine) -> None:
    """Let the seat's user use its own files, and all QEMUs those that seats share.

    An older QEMU opens the memory's file for writing even where it maps it for itself alone. A kernel and
    what it boots first are no secrets, though some systems keep the latter for root.
    """
    user, (own, *shared) = rights.user(plan.seat.id), machine.disks
    machine.memory.touch()
    golden = (0, 0o640 if accelerator.can_map_read_only() else 0o660)
    modes = {own: (user, 0o600), machine.memory: (user, 0o600) if machine.is_shared else golden}
    for file, (owner, mode) in {**dict.fromkeys(shared, (0, 0o640)), **modes}.items():
        os.chown(file, owner, domain.group(machine))
        file.chmod(mode)
    for file in (machine.image.kernel, machine.image.ramdisk):
        file.chmod(file.stat().st_mode | 0o004)


@contextmanager
def _open_files(seat_id: str, group: int, paths: Sequence[Path]) -> Iterator[Mapping[Path, Path]]:
    """Yield by which path QEMU opens each file or folder: as one that a process of its own user has open.

    The way to a seat's folder and to the images is root's alone, and stays so.
    """
    files = {path: os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in paths}
    words = [*rights.as_user(seat_id, group), "cat"]
    try:
        # It ends with its standard input, and so with this process, however that happens.
        with subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=[*files.values()]) as holder:
            yield {path: Path(f"/proc/{holder.pid}/fd/{file}") for path, file in files.items()}
    finally:
        for file in files.values():
            os.close(file)


def _is_known(address: str, name: str) -> bool:
    try:
        return name in _virsh(address, "list", "--all", "--name").splitlines()
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
