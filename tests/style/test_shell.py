"""The shell code passes shellcheck."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHEBANGS = (b"#!/bin/sh", b"#!/bin/bash", b"#!/usr/bin/env bash")


def scripts() -> list[str]:
    """Return the committed files that a shell runs, by their first line."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return [name for name in names if (ROOT / name).read_bytes()[:80].startswith(SHEBANGS)]


def test_scripts_finds_the_launcher() -> None:
    """The list that is checked holds at least the launcher."""
    assert "sharklab" in scripts()


@pytest.mark.parametrize("name", scripts())
def test_shell_passes(name: str) -> None:
    """Shellcheck finds nothing, not even a matter of style."""
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, "--severity=style", name], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
