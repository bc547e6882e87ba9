"""Whose rights a QEMU has: a user's of the seat's own, who owns nothing else and is in no list of users.

A guest that breaks out of its QEMU is then that user, and reaches neither the machine nor other seats.
"""

from __future__ import annotations

import hashlib

GROUP = 0x70000000
"""Of all QEMUs. systemd's table of numbers (UIDS-GIDS) gives those from here to 0x7ffdffff to nobody."""

USERS = 0x7FFFFFF

# Root's rights are given up after this holds, so it cannot forbid to change users (elevateprivileges);
# it brings no_new_privs, after which nobody gains any (prctl(2)).
SANDBOX = "on,obsolete=deny,spawn=deny,resourcecontrol=deny"


def user(seat_id: str) -> int:
    """Return the number of the user whose rights the QEMUs of a seat have."""
    return GROUP + 1 + int(hashlib.sha256(seat_id.encode()).hexdigest(), 16) % USERS


def become(seat_id: str) -> list[str]:
    """Return the start of a command line that runs the rest of it as the user of the seat's QEMUs."""
    return [
        "setpriv",
        f"--reuid={user(seat_id)}",
        f"--regid={GROUP}",
        "--clear-groups",
        "--no-new-privs",
        "--",
    ]


def options(seat_id: str) -> list[str]:
    """Return QEMU's options by which it gives up root's rights once everything that it needs is open."""
    return ["-runas", f"{user(seat_id)}:{GROUP}", "-sandbox", SANDBOX]
