"""Hostile files: each gets one clear outcome within bounded time and memory, and those after it are read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.support.hostile_bundles import BUNDLES
from tests.support.hostile_captures import CAPTURES

ROOT = Path(__file__).resolve().parents[2]
SECONDS, MEMORY = 300, 700 << 20
"""CPU seconds for all files of a kind in one process, and bytes of its address space: ours, not tshark's,
which has limits of its own (`sharklab.limits.TOOL`)."""


@cache
def said(room: str) -> Mapping[str, str]:
    """Return what is said of each file, all of them looked at by one process within limits."""
    argv = [sys.executable, "-m", "tests.support.hostile_run", str(SECONDS), str(MEMORY), room]
    done = subprocess.run(argv, cwd=ROOT, env=_environ(), capture_output=True, text=True, check=True)
    content: Mapping[str, str] = json.loads(done.stdout)
    return content


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


@pytest.mark.parametrize("kind", CAPTURES)
def test_capture_has_one_outcome(kind: str) -> None:
    """A capture is read, or it is said in one sentence why not: never another error, never none."""
    assert re.match(CAPTURES[kind][1], said("captures")[kind])


@pytest.mark.parametrize("kind", BUNDLES)
def test_bundle_has_one_outcome(kind: str) -> None:
    """A submission is refused with one sentence, or what of it is sound is taken and the rest named."""
    assert re.search(BUNDLES[kind][1], said("bundles")[kind])
