"""Hosts as systemd-nspawn(1) containers that boot a whole operating system from one shared image.

Each host is a keeper process (host.sh) in a control group of its own, with a network namespace and
an overlay mount (boot.py) that no other process of the machine sees. So ending a host is killing a
group and deleting a namespace, whatever state a crash left it in.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from sharklab import process, state
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers import (
    access,
    boot,
    cgroups,
    claims,
    disk,
    disk_file,
    network,
    readiness,
    shared_limits,
    user_ranges,
)
from sharklab.lab import roles
from sharklab.lab.model import Host, Plan, Seat
from sharklab.message import N_, Message

TOOLS = ("systemd-nspawn", "ip", "nsenter", "prlimit", "ssh", "ssh-keygen", "setsid")
KEEPER = Path(__file__).with_name("host.sh")
BOOT = Path(boot.__file__)

LIMITS = cgroups.Limits(memory=768 * 2**20, processes=512, cpu_weight=400)
"""Of one host. Measured on tp4: at most 141 MB, files of the kernel's cache included, and 71 processes."""

NEARLY = 0.95
"""The part of a limit from which a host is said to have reached it."""

CONSOLE = 16 << 20
"""Bytes of the log of a host's console, on the disk of this machine. A host that writes more there ends."""

OPEN_FILES = "1024:16384"
"""Of one process: the number that it begins with, and the one to which it may raise that (getrlimit(2))."""


def facts(plan: Plan, host: Host, layers: Layers) -> Mapping[str, object]:
    """Return the facts that ansible.builtin.setup would gather on a host that is made from `layers`."""
    return {
        "os_family": layers.image.family,
        "virtualization_tech_guest": ["container", "systemd-nspawn"],
        "ssh_host_key_ed25519_public": access.public(access.host_key(plan, host.name)).split()[1],
    }


def start(plan: Plan, host: Host, layers: Layers, own_users: bool) -> None:
    """Remove the remains of a crash, and boot the host; `own_users` gives it a user namespace."""
    unit = network.namespace(plan.seat.id, host.name)
    folder = state.folder(disk.folder(plan, host.name))
    number = secrets.token_hex(8)
    state.write(folder / "start", number)  # first: a keeper of a killed command that comes now ends itself
    cgroups.end(unit)
    disk.make(plan, host, layers)
    disk.ease(plan, host.name)
    disk.limit_disk(plan, host.name)
    state.write(folder / "network", network.cable_commands(plan, host))
    lowers = disk.lower_links(plan, host.name, layers)
    first = user_ranges.take(plan.seat.id, host.name) if own_users else None
    interfaces = [name for _, name, _ in network.ports(plan, host)]
    keeper: list[str | Path] = ["sh", KEEPER, claims.file(plan.seat.id), network.namespace(plan.seat.id)]
    keeper += [unit, folder, number, *command(unit, host.name, interfaces, lowers, first)]
    keeper += ["--notify-ready=yes", "--boot"]
    told = ("env", f"NOTIFY_SOCKET={readiness.place(plan.seat.id, host.name)}")
    process.run([*cgroups.launcher(unit, limits(host, plan.lab.path)), *told, "setsid", "--fork", *keeper])


def limits(host: Host, lab: Path) -> cgroups.Limits:
    """Return the limits of a host of the lab in folder `lab`: the usual ones, or what its roles ask for."""
    asked = roles.limits(host.roles, lab)
    memory = asked.get("memory_mib", 0) * 2**20
    return replace(
        LIMITS,
        memory=max(LIMITS.memory, memory),
        processes=max(LIMITS.processes, asked.get("processes", 0)),
    )


@contextmanager
def pause_host(plan: Plan, host: Host) -> Iterator[None]:
    """Let no process of the host run, and its disk be whole on disk, meanwhile. Raises MachineryError."""
    unit = network.namespace(plan.seat.id, host.name)
    with cgroups.keep_frozen(unit), ExitStack() as stack:
        if (disk.folder(plan, host.name) / boot.DISK_FILE).exists():
            for pid in filter(_is_nspawn, cgroups.processes(unit)):
                stack.enter_context(disk_file.settle_files(pid))
        yield


def resume(units: str) -> None:
    """Let hosts run again that are left in `pause_host`, because the command was killed meanwhile.

    `units` is a pattern (fnmatch). The file system goes first: while it is frozen, no process of it can end.
    """
    for unit in filter(cgroups.is_frozen, cgroups.units(units)):
        for pid in filter(_is_nspawn, cgroups.processes(unit)):
            disk_file.unsettle(pid)
        cgroups.thaw(unit)


def upper(own: Seat, host: str) -> Path | None:
    """Return the folder with the changes of a container, as this process can read it; None if it cannot.

    Those of a container that is off are in a file system that is not mounted.
    """
    folder = own.folder / "hosts" / host
    if not (folder / boot.DISK_FILE).exists():
        return folder / "upper"
    unit = network.namespace(own.id, host)
    pid = next(filter(_is_nspawn, cgroups.processes(unit)), None)
    return None if pid is None else disk_file.upper(pid)


def is_read_only(unit: str) -> bool:
    """Tell whether a container runs, and its disk takes no writes any more; False for a virtual machine."""
    return any(disk_file.is_read_only(pid) for pid in filter(_is_nspawn, cgroups.processes(unit)))


def power_off(plan: Plan, host: Host) -> None:
    """Tell the host to shut down in good order."""
    for pid in cgroups.processes(network.namespace(plan.seat.id, host.name)):
        if _is_nspawn(pid):
            os.kill(pid, signal.SIGTERM)  # which it passes on as --kill-signal


def find_reached_limits(unit: str, host: str) -> Iterator[Message]:
    """Yield a sentence for each limit that a container has reached; none for a virtual machine."""
    pid = next(filter(_is_nspawn, cgroups.processes(unit)), None)
    if pid is None:
        return
    used = cgroups.usage(unit)
    mebibytes = used.memory_limit // 2**20
    if used.process_limit and used.processes >= NEARLY * used.process_limit:
        sentence = N_("host {host} has {processes} of {limit} processes: end some, or reset the host")
        yield Message(sentence, {"host": host, "processes": used.processes, "limit": used.process_limit})
    if used.killed:
        sentence = N_("host {host} ran out of its {memory} MiB of memory; processes that were ended: {count}")
        yield Message(sentence, {"host": host, "memory": mebibytes, "count": used.killed})
    elif used.memory_limit and used.memory >= NEARLY * used.memory_limit:
        sentence = N_("host {host} uses {used} of its {memory} MiB of memory")
        yield Message(sentence, {"host": host, "used": used.memory // 2**20, "memory": mebibytes})
    if disk_file.is_read_only(pid):
        sentence = N_(
            "host {host} cannot write any more, because the disk of this computer was full or is broken: "
            "make room; then sharklab up starts the host again"
        )
        yield Message(sentence, {"host": host})
    if terminals := shared_limits.count_terminals(cgroups.processes(unit)):
        sentence = N_("host {host} holds {count} of the {limit} terminals of this machine: reset the host")
        limit = shared_limits.limit_of_terminals()
        yield Message(sentence, {"host": host, "count": terminals, "limit": limit})
    if disk_file.measure_use(pid) >= NEARLY:
        sentence = N_("host {host} has filled its disk of {size} MiB: delete files, or reset the host")
        yield Message(sentence, {"host": host, "size": disk_file.SIZE // 2**20})


def command(
    unit: str, hostname: str, interfaces: Sequence[str], lowers: str, first: int | None
) -> list[str | Path]:
    """Return the command that runs a container in the folder of a host; how it starts there follows.

    `first` is the first user of the host, or None for a host without users of its own. `interfaces` are those
    that it takes from the network namespace `unit`, which need not exist without any. The reason for each
    option stands beside it.
    """
    namespace, users = unit if interfaces else "-", "-" if first is None else str(first)
    return [
        *(sys.executable, "-I", "-S", BOOT, namespace, users, lowers),
        *("prlimit", f"--fsize={CONSOLE}:unlimited"),
        "env",
        "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1",
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network",  # students set net.* sysctls
        "systemd-nspawn",
        "--quiet",
        "--directory=root",
        f"--machine={unit}",
        f"--hostname={hostname}",
        *(
            []
            if first is None
            else [f"--private-users={first}:{boot.COUNT}", "--private-users-ownership=off"]  # boot.py shifts
        ),
        "--private-network",  # made with the user namespace, so that root of the host owns it
        *(f"--network-interface={name}" for name in interfaces),
        "--keep-unit",  # the control group is ours; also makes a reboot end with code 133
        "--register=no",
        "--kill-signal=SIGRTMIN+4",
        "--console=read-only",
        f"--rlimit=RLIMIT_NOFILE={OPEN_FILES}",
        "--rlimit=RLIMIT_FSIZE=infinity",  # that of prlimit is for systemd-nspawn alone
        "--system-call-filter=open_by_handle_at",  # NFS servers in user space
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        *([f"--bind={boot.AT}/fuse:/dev/fuse"] if Path("/dev/fuse").exists() else []),
    ]


def _is_nspawn(pid: int) -> bool:
    """Tell whether a process is the systemd-nspawn that made a host.

    A process of the host may have that name, and files of its own where programs of this machine are looked
    for; but it has no process number of this machine's own namespace (pid_namespaces(7)).
    """
    with suppress(OSError):
        is_ours = Path(f"/proc/{pid}/ns/pid").samefile("/proc/self/ns/pid")
        return is_ours and Path(f"/proc/{pid}/comm").read_text().strip() == "systemd-nspawn"
    return False
