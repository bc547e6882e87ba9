"""The features of this machine's kernel and init system that hosts in containers need."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sharklab import privilege, process, state, system_packages
from sharklab.cli.doctor import trials
from sharklab.cli.doctor.diagnosis import SYSTEM, Diagnosis, make_error, make_warning, ok, optional, works
from sharklab.hosts.providers import cgroups as hosts_cgroups
from sharklab.hosts.providers import disk_file, user_namespace
from sharklab.hosts.providers.qemu import accelerator, libvirt, trial
from sharklab.message import N_, NN_, Message, refusal

INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_PER_HOST = 6.4
"""Measured: with 128 instances the twenty-first host of systemd, firewalld and sshd hangs."""

INOTIFY_AMPLE = 1024

NSPAWN = "systemd-nspawn"

LIMIT_NAMES = {"memory": N_("memory"), "pids": N_("processes"), "cpu": N_("processor time")}
"""The names of controllers of control groups for readers."""

NEEDS_ROOT = N_("not tried: that takes root's rights")
AS_ROOT = N_("sudo ./sharklab doctor tries it")


def examine() -> Iterator[Diagnosis]:
    """Yield one diagnosis for each thing."""
    yield init(Path("/run/systemd/system"))
    yield cgroups(Path("/proc/mounts").read_text())
    yield overlay()
    yield users(state.images_folder())
    yield limits()
    yield network()
    yield nf_tables()
    yield nfs(Path("/proc/filesystems").read_text())
    yield fuse(Path("/dev/fuse"))
    yield tap(Path("/dev/net/tun"))
    yield inotify(int(INOTIFY.read_text()))
    yield kvm(Path("/dev/kvm"))
    yield libvirt_finding()


def _need_root(name: str) -> Diagnosis:
    return replace(make_warning(name, NEEDS_ROOT, AS_ROOT), group=Message(SYSTEM))


def init(marker: Path) -> Diagnosis:
    """`marker` is the folder that sd_booted(3) looks for."""
    name = N_("init system")
    if marker.is_dir():
        return works(SYSTEM, name, N_("systemd; it supervises the hosts"))
    return works(SYSTEM, name, N_("not systemd; sharklab supervises the hosts by itself"))


def cgroups(mounts: str) -> Diagnosis:
    """`mounts` is what /proc/mounts says (systemd's layouts: unified, hybrid, legacy)."""
    name = N_("control groups")
    places = [fields[1] for line in mounts.splitlines() if (fields := line.split())[2] == "cgroup2"]
    if "/sys/fs/cgroup" in places:
        return works(SYSTEM, name, N_("version 2 (unified)"))
    if places:
        return works(SYSTEM, name, N_("versions 1 and 2 (hybrid), version 2 in {place}"), place=places[0])
    return make_error(
        name,
        N_("version 2 is not mounted; systemd in hosts needs it"),
        N_("boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line"),
    )


def overlay() -> Diagnosis:
    """Really mounts one in the state folder."""
    folder = state.root() if state.root().is_dir() else Path("/tmp")  # noqa: S108 (only looked at as a file system)
    return _try(
        N_("overlay file systems"),
        lambda: trials.try_overlay(folder),
        N_("tried in {place}: it works"),
        N_("tried in {place}: {reason}; hosts share one image by it"),
        N_("keep the state on an ext4, xfs or btrfs file system: SHARKLAB_STATE=/another/folder"),
        place=str(folder),
    )


def users(images: Path) -> Diagnosis:
    """Really runs a container with users of its own on one of the `images`; `up` goes by the result."""
    name = N_("host users")
    if not privilege.is_root():
        return _need_root(name)
    roots = sorted(file.parents[1] for file in images.glob("*/root/bin/sh"))
    if not roots:
        return ok(name, N_("not tried: that takes an image; the first start of a lab builds one, and tries"))
    if not shutil.which(NSPAWN):  # `up` would go by a result that this spoilt
        return _say_untried(name, NSPAWN)
    try:
        reason = user_namespace.measure(roots[:1])
    except process.TookTooLong as late:
        return make_error(name, late.message_id, late.hint_id, **late.values)
    if reason:
        return make_warning(
            name,
            N_("tried: {reason}; root of a container can harm this machine"),
            N_("give hosts to people that you trust, or make virtual machines of them: --provider qemu"),
            reason=reason,
        )
    return works(SYSTEM, name, N_("tried: root of a container is an ordinary user of this machine"))


def limits() -> Diagnosis:
    """Looks for the controllers of control groups, and really mounts a file."""
    name = N_("limits of containers")
    if not privilege.is_root():
        return _need_root(name)
    lacking = [LIMIT_NAMES[one] for one, is_there in hosts_cgroups.controllers().items() if not is_there]
    if not disk_file.measure():
        lacking.append(N_("disk"))
    if lacking:
        sentence = N_("none of {lacking}: one container can use all of that")
        remedy = N_("give the controllers of control groups to this machine, and loop devices: modprobe loop")
        return make_warning(name, sentence, remedy, lacking=tuple(map(Message, lacking)))
    return works(SYSTEM, name, N_("memory, processes, processor time and disk of each are limited"))


def network() -> Diagnosis:
    """Really makes a namespace, a bridge and a veth pair."""
    name = N_("networks of hosts")
    if not shutil.which("ip"):
        return _say_untried(name, "ip")
    return _try(
        name,
        trials.try_bridge,
        N_("tried: they work"),
        N_("tried: {reason}; the lab's network is made of them"),
        N_("load the modules: modprobe -a bridge veth"),
    )


def nf_tables() -> Diagnosis:
    """Really adds a table in a namespace."""
    name = N_("nf_tables")
    if not shutil.which("nft"):
        return _say_untried(name, "nft")
    return _try(
        name,
        trials.try_nf_tables,
        N_("tried in a namespace: it works"),
        N_("tried in a namespace: {reason}; the hosts' firewalls need it"),
        N_("load the module: modprobe nf_tables"),
    )


def _say_untried(name: str, tool: str) -> Diagnosis:
    if system_packages.manager() and privilege.can_be_root():
        return optional(name, N_("not tried yet: sharklab installs {tool} when a lab needs it"), tool=tool)
    package = [one for one in system_packages.table() if one.gives == tool]
    return make_warning(
        name,
        N_("not tried: that takes the program {tool}"),
        N_("as root: {command}"),
        tool=tool,
        command=system_packages.command(package),
    )


def _try(
    name: str, trial: Callable[[], Message], good: str, bad: str, remedy: str, **values: str
) -> Diagnosis:
    if not privilege.is_root():
        return _need_root(name)
    if reason := trial():
        return make_error(name, bad, remedy, reason=reason, **values)
    return works(SYSTEM, name, good, **values)


def nfs(filesystems: str) -> Diagnosis:
    """`filesystems` is what /proc/filesystems says; a module that could be loaded counts too."""
    name = N_("kernel's NFS")
    absent = [kind for kind in ("nfs4", "nfsd") if kind not in filesystems.split() and not _has_module(kind)]
    if not absent:
        return works(SYSTEM, name, N_("client and server"))
    return optional(
        name,
        N_("absent: {kinds}; labs use programs that speak NFS instead"),
        N_("for the kernel's NFS, use virtual machines: --provider auto"),
        kinds=tuple(absent),
    )


def _has_module(kind: str) -> bool:
    """Tell whether the kernel has a module of that name or alias (the file system nfs4 is in nfsv4)."""
    modprobe = shutil.which("modprobe")
    if not modprobe:
        return False
    name = {"nfs4": "nfsv4"}.get(kind, kind)
    return subprocess.run([modprobe, "-nq", name], check=False, capture_output=True).returncode == 0


def fuse(device: Path) -> Diagnosis:
    """Opens the device, which proves the driver."""
    return _try_device(N_("FUSE"), device, N_("load the module: modprobe fuse"))


def tap(device: Path) -> Diagnosis:
    """Opens the device, which proves the driver: virtual machines need it, and the Internet access."""
    return _try_device(N_("TAP devices"), device, N_("load the module: modprobe tun"))


def _try_device(name: str, device: Path, remedy: str) -> Diagnosis:
    if not device.exists():
        return make_warning(name, N_("{device} is absent"), remedy, device=str(device))
    try:
        os.close(os.open(device, os.O_RDWR))
    except OSError as error:
        return make_warning(
            name, N_("{device}: {reason}"), AS_ROOT, device=str(device), reason=refusal(error)
        )
    return works(SYSTEM, name, N_("{device} opens"), device=str(device))


def inotify(instances: int) -> Diagnosis:
    """`instances` is fs.inotify.max_user_instances (inotify(7)); every host's systemd takes several."""
    name = N_("inotify limit")
    hosts = int(instances / INOTIFY_PER_HOST)
    if instances >= INOTIFY_AMPLE:
        sentence = NN_(
            "{many} instances, enough for {count} host", "{many} instances, enough for {count} hosts"
        )
        return works(SYSTEM, name, sentence, many=instances, count=hosts)
    return make_warning(
        name,
        NN_(
            "{many} instances, enough for about {count} host; the next one hangs while it starts",
            "{many} instances, enough for about {count} hosts; the next one hangs while it starts",
        ),
        N_("as root, for more hosts: sysctl fs.inotify.max_user_instances={ample}"),
        many=instances,
        count=hosts,
        ample=INOTIFY_AMPLE,
    )


def kvm(device: Path) -> Diagnosis:
    """Really boots a kernel, where there are QEMU and a kernel: that the device is there proves nothing."""
    name = N_("KVM")
    if not device.exists():
        return ok(name, N_("absent; virtual machines are emulated, slowly"))
    kernels = state.find(state.images_folder(), "*-vm-*/root/boot/vmlinuz-*") if privilege.is_root() else []
    if not kernels or not system_packages.find(accelerator.QEMU):
        return ok(name, N_("{device} is there; a lab with virtual machines tries it"), device=str(device))
    if trial.boots(kernels[0], accelerator.KVM):
        return works(SYSTEM, name, N_("tried: a kernel boots under it, and virtual machines use it"))
    return optional(
        name,
        N_("{device} boots no kernel; virtual machines are emulated, slowly"),
        N_("on a virtual machine: allow nested virtualisation"),
        device=str(device),
    )


def libvirt_finding() -> Diagnosis:
    """Asks it, as what starts virtual machines does."""
    name = N_("libvirt")
    if shutil.which("virsh") and not privilege.is_root():
        return _need_root(name)
    if address := libvirt.find_address():
        return ok(name, N_("{address} answers: virtual machines go through it"), address=address)
    return ok(name, N_("not used here: QEMU starts virtual machines by itself"))
