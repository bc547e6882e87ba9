"""Hosts as virtual machines of QEMU, restored from running snapshots.

engine.py    what runs them: KVM where it is proven to work, else emulation (TCG)
machine.py   the machine: its parts, how it is told something
rights.py    whose rights a QEMU has
launch.py    how a machine starts, and libvirt.py: how it does where the user has libvirt
monitor.py   QMP, QEMU's own protocol
snapshot.py  one golden snapshot per host of a lab, made once
own.py       what makes a restored machine a seat's own
"""

from __future__ import annotations

from sharklab.hosts.providers.qemu.libvirt import end_domains
from sharklab.hosts.providers.qemu.restoration import LIMIT, facts, start
from sharklab.hosts.providers.qemu.snapshot import snapshots
from sharklab.hosts.providers.qemu.vm import power_off

TOOLS = ("qemu-system-x86_64", "qemu-img", "mke2fs")

__all__ = ["LIMIT", "TOOLS", "end_domains", "facts", "power_off", "snapshots", "start"]
