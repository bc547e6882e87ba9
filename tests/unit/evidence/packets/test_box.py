"""The box around Wireshark's tools: the limits that the kernel keeps, and an environment of its own."""

from __future__ import annotations

import subprocess

from sharklab.evidence.packets import box
from sharklab.limits import ToolLimits

KIB = 1 << 10


def test_box_sets_the_limits_of_the_kernel() -> None:
    """A program in the box has these limits; ulimit counts memory in KiB, files in blocks of 512 bytes."""
    limits = ToolLimits(seconds=7, memory=(200 << 20), output=(3 << 20))
    argv = [*box.box(limits), "/bin/sh", "-c", "ulimit -t; ulimit -v; ulimit -f; ulimit -c"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert [7, limits.memory // KIB, limits.output // 512, 0] == list(map(int, done.stdout.split()))


def test_box_patience_is_longer_than_the_cpu_seconds() -> None:
    """A busy computer refuses no capture that tshark reads within its CPU seconds."""
    limits = ToolLimits()
    assert 10 * limits.seconds == limits.patience
