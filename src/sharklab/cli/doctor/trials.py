"""Features of the kernel, really tried: each trial works in a namespace of its own, which ends with it.

A trial returns NOTHING when the feature works, else what the system said against it.
All of them need root.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sharklab.message import N_, NOTHING, Message, refusal

LIMIT_SECONDS = 10

OVERLAY = """
mkdir lower upper work merged && echo below >lower/file &&
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged && echo above >merged/file &&
grep -q below lower/file && grep -q above upper/file
"""
"""An overlay that copies up a file; names are relative, so that no folder's name can break the options."""

BRIDGE = """
ip link add bridge0 type bridge && ip link add one type veth peer name two &&
ip link set one master bridge0 && ip link set bridge0 up && ip link set two up
"""

NETLINK_NETFILTER = 12
SUBSYSTEM_NF_TABLES = 10
BATCH_BEGIN, BATCH_END = 0x10, 0x11
REQUEST, ACK, CREATE = 0x1, 0x4, 0x400
NLMSG_ERROR = 2


def try_overlay(folder: Path) -> Message:
    """Mount an overlay whose upper layer lies in `folder` (not every file system can hold one)."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".doctor-") as place:
            return _run(["unshare", "--mount", "sh", "-c", OVERLAY], place)
    except OSError as error:
        return refusal(error)


def try_bridge() -> Message:
    """Join a veth pair to a bridge in a new network namespace."""
    return _run(["unshare", "--net", "sh", "-c", BRIDGE])


def try_nf_tables() -> Message:
    """Add a table of nf_tables in a new network namespace."""
    code = "from sharklab.cli.doctor.trials import add_table; add_table('sharklab')"
    return _run(["unshare", "--net", sys.executable, "-c", code])


def add_table(name: str) -> None:
    """Add an nf_tables table for IPv4 by netlink(7), as `nft add table` does. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as link:
        link.settimeout(LIMIT_SECONDS)
        link.send(_batch(name))
        answer = link.recv(4096)
    kind, error = struct.unpack_from("=4xH10xi", answer)
    if kind == NLMSG_ERROR and error:
        raise OSError(-error, os.strerror(-error))


def _batch(table: str) -> bytes:
    """Return the three netlink messages that make one transaction (linux/netfilter/nfnetlink.h)."""
    value = table.encode() + b"\0"
    attribute = struct.pack("=HH", 4 + len(value), 1) + value + b"\0" * (-len(value) % 4)
    return b"".join(
        (
            _message(BATCH_BEGIN, REQUEST, 0, SUBSYSTEM_NF_TABLES),
            _message(SUBSYSTEM_NF_TABLES << 8, REQUEST | ACK | CREATE, socket.AF_INET, 0, attribute),
            _message(BATCH_END, REQUEST, 0, SUBSYSTEM_NF_TABLES),
        )
    )


def _message(kind: int, flags: int, family: int, resource: int, content: bytes = b"") -> bytes:
    body = struct.pack("!BBH", family, 0, resource) + content
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body


def _run(argv: Sequence[str], folder: str | None = None) -> Message:
    try:
        done = subprocess.run(
            argv, check=False, cwd=folder, capture_output=True, text=True, timeout=LIMIT_SECONDS
        )
    except FileNotFoundError:
        return Message(N_("{tool} is not installed"), {"tool": argv[0]})
    except subprocess.TimeoutExpired:
        return Message(N_("did not end within {seconds:g} s"), {"seconds": LIMIT_SECONDS})
    if done.returncode == 0:
        return NOTHING
    if said := done.stderr.strip():
        return Message(said.splitlines()[-1])
    return Message(N_("failed with exit code {code}: no message"), {"code": done.returncode})
