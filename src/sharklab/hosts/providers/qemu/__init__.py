"""Hosts as virtual machines of QEMU, restored from running snapshots.

accelerator.py  KVM and emulation (TCG); trial.py chooses between them
vm.py           the machine: its parts, its command
rights.py       the user of a QEMU
startup.py      the start of a machine; libvirt.py and domain.py: its start through libvirt
monitor.py      QMP, QEMU's own protocol
snapshot.py     one golden snapshot per host of a lab, made once
restoration.py  the files that make a restored machine a seat's own
"""

from __future__ import annotations

from sharklab.hosts.providers.qemu.libvirt import end_domains
from sharklab.hosts.providers.qemu.restoration import LIMIT, facts, start
from sharklab.hosts.providers.qemu.snapshot import find_snapshots, snapshots
from sharklab.hosts.providers.qemu.vm import pause_host, power_off, resume

TOOLS = ("qemu-system-x86_64", "qemu-img", "mke2fs")

__all__ = [
    "LIMIT",
    "TOOLS",
    "end_domains",
    "facts",
    "find_snapshots",
    "pause_host",
    "power_off",
    "resume",
    "snapshots",
    "start",
]
