"""The floors of the house hold: who may import whom, without an exception."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AT_THE_ROOT = 14
"""As many modules may stand at the root, beside __main__: those that every floor uses."""


def test_imports_keep_the_contracts() -> None:
    """Floors import downwards, the two wings are apart, and no package has a circle (pyproject.toml)."""
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_is_ignored() -> None:
    """A contract with exceptions is none."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert not [contract["name"] for contract in contracts if "ignore_imports" in contract]


def test_root_stays_small() -> None:
    """A newcomer reads the names at the root in one look."""
    modules = {file.stem for file in (ROOT / "src" / "sharklab").glob("*.py")} - {"__init__", "__main__"}
    assert len(modules) <= AT_THE_ROOT, sorted(modules)
