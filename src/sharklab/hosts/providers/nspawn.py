"""Hosts as systemd-nspawn(1) containers that boot a whole operating system from one shared image.

Each host is a keeper process (host.sh) in a control group of its own, with a network namespace and
an overlay mount that no other process of the machine sees. So ending a host is killing a group and
deleting a namespace, whatever state a crash left it in.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sharklab import process, state
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers import access, cgroups, disk, marks, network
from sharklab.lab.model import Host, Plan

TOOLS = ("systemd-nspawn", "ip", "nsenter", "ssh", "ssh-keygen", "setsid", "unshare", "mount")
KEEPER = Path(__file__).with_name("host.sh")


def facts(plan: Plan, host: Host, layers: Layers) -> Mapping[str, object]:
    """Return the facts that ansible.builtin.setup would gather on a host that is made from `layers`."""
    return {
        "os_family": layers.image.family,
        "virtualization_tech_guest": ["container", "systemd-nspawn"],
        "ssh_host_key_ed25519_public": access.public(access.host_key(plan, host.name)).split()[1],
    }


def start(plan: Plan, host: Host, layers: Layers) -> None:
    """Remove the remains of a crash, and boot the host."""
    unit = network.namespace(plan.seat.id, host.name)
    cgroups.end(unit)
    disk.make(plan, host, layers)
    folder = disk.folder(plan, host.name)
    state.write(folder / "network", network.cable_commands(plan, host))
    options = disk.overlay(plan, host.name, layers).options
    keeper: list[str | Path] = ["sh", KEEPER, marks.file(plan.seat.id), network.namespace(plan.seat.id)]
    keeper += [network.namespace(plan.seat.id, host.name), folder, options]
    process.run([*cgroups.launcher(unit), "setsid", "--fork", *keeper, *_nspawn(plan, host)])


def power_off(plan: Plan, host: Host) -> None:
    """Tell the host to shut down in good order."""
    for pid in cgroups.processes(network.namespace(plan.seat.id, host.name)):
        if _is_nspawn(pid):
            os.kill(pid, signal.SIGTERM)  # which it passes on as --kill-signal


def _nspawn(plan: Plan, host: Host) -> list[str]:
    """Return the command that boots the host; the reason for each option stands beside it."""
    name = network.namespace(plan.seat.id, host.name)
    return [
        "env",
        "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1",
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network",  # students set net.* sysctls
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--directory=root",
        f"--machine={name}",
        f"--hostname={host.name}",
        f"--network-namespace-path={network.NAMESPACES / name}",
        "--keep-unit",  # the control group is ours; also makes a reboot end with code 133
        "--register=no",
        "--kill-signal=SIGRTMIN+4",
        "--console=read-only",
        "--capability=CAP_NET_ADMIN",
        "--system-call-filter=open_by_handle_at",  # NFS servers in user space
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        *(["--bind=/dev/fuse"] if Path("/dev/fuse").exists() else []),
    ]


def _is_nspawn(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip() == "systemd-nspawn"
    return False
