"""Features of the kernel, really tried: each trial works in a namespace of its own, which ends with it.

A trial returns NOTHING when the feature works, else what the system said against it.
All of them need root.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sharklab.message import N_, NOTHING, Message, refusal

LIMIT_SECONDS = 60
"""The first trial loads modules of the kernel: more than 10 s on an emulated server with other work."""

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
    return _run(["unshare", "--net", "nft", "add", "table", "sharklab"])


def _run(argv: Sequence[str], folder: str | None = None) -> Message:
    try:
        done = subprocess.run(
            argv, check=False, cwd=folder, capture_output=True, text=True, timeout=LIMIT_SECONDS
        )
    except FileNotFoundError:
        return Message(N_("{tool} is not installed"), {"tool": argv[0]})
    except subprocess.TimeoutExpired:
        return Message(N_("the command did not end within {seconds:g} s"), {"seconds": LIMIT_SECONDS})
    if done.returncode == 0:
        return NOTHING
    if said := done.stderr.strip():
        return Message(said.splitlines()[-1])
    return Message(N_("the command failed with exit code {code} and no message"), {"code": done.returncode})
