"""The rights of a QEMU: those of the seat's own user, which owns no other file and is in no list of users.

A guest that breaks out of its QEMU is then that user, and reaches neither the machine nor other seats.
"""

from __future__ import annotations

import hashlib

from sharklab.hosts.image.model import Accelerator
from sharklab.hosts.providers.qemu import accelerator

GROUP = 0x70000000
"""Of all QEMUs. systemd's table of numbers (UIDS-GIDS) gives those from here to 0x7ffdffff to nobody."""

USERS = 0x7FFFFFF

# Root's rights are given up after this holds, so it cannot forbid to change users (elevateprivileges);
# it brings no_new_privs, after which no process gains rights (prctl(2)).
SANDBOX = "on,obsolete=deny,spawn=deny,resourcecontrol=deny"


def user(seat_id: str) -> int:
    """Return the number of the user whose rights the QEMUs of a seat have."""
    return GROUP + 1 + int(hashlib.sha256(seat_id.encode()).hexdigest(), 16) % USERS


def group(by: Accelerator) -> int | None:
    """Return the group of a QEMU that starts without root's rights; None where that cannot open /dev/kvm.

    It is that of all QEMUs, or the one that the device is open to.
    """
    if by != accelerator.KVM:
        return GROUP
    device = accelerator.DEVICE.stat()
    if device.st_mode & 0o006 == 0o006:
        return GROUP
    return device.st_gid if device.st_gid and device.st_mode & 0o060 == 0o060 else None


def as_user(seat_id: str, group: int) -> list[str]:
    """Return the start of a command line that runs the rest of it as the user of the seat's QEMUs."""
    who = [f"--reuid={user(seat_id)}", f"--regid={group}"]
    return ["setpriv", *who, "--clear-groups", "--no-new-privs", "--"]


def options(seat_id: str) -> list[str]:
    """Return QEMU's options by which it gives up root's rights once everything that it needs is open."""
    who = f"{user(seat_id)}:{GROUP}"
    change = ["-run-with", f"user={who}"] if accelerator.has_run_with_user() else ["-runas", who]
    return [*change, "-sandbox", SANDBOX]
