"""The JavaScript of the workbench passes its linter, and stays small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "src" / "sharklab" / "cli" / "workbench" / "static"
MOST_LINES = 700


def test_javascript_passes() -> None:
    """oxlint finds nothing, and every file says at its begin what it is for."""
    linter = Path(sys.executable).with_name("oxlint")
    rules = ["--deny", "correctness", "--deny", "perf", "--deny-warnings"]
    done = subprocess.run([linter, *rules, STATIC], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert all(file.read_text().startswith("// ") for file in STATIC.glob("*.js"))


def test_javascript_stays_small() -> None:
    """The browser adds no logic."""
    files = {file.name: file.read_text().splitlines() for file in STATIC.glob("*.js")}
    assert MOST_LINES > sum(map(len, files.values()))
