"""Roles and playbooks pass ansible-lint at its strictest profile, and parse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of this environment in the checkout."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    return subprocess.run(argv, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True)


def test_ansible_lint_passes() -> None:
    """The profile `production` finds nothing; no network is used."""
    done = run(BIN / "ansible-lint", "--offline", "--profile", "production", "--strict")
    assert done.returncode == 0, done.stdout + done.stderr


def test_playbooks_parse() -> None:
    """`ansible-playbook --syntax-check` accepts every playbook."""
    playbooks = sorted(file.relative_to(ROOT) for file in (ROOT / "playbooks").glob("*.yml"))
    done = run(BIN / "ansible-playbook", "--syntax-check", "-i", "localhost,", *playbooks)
    assert done.returncode == 0, done.stdout + done.stderr
