"""Each module that decides points is covered by the test file of its name, and by that file alone.

`src/sharklab/grading/marking/policy.py` has `tests/unit/grading/marking/test_policy.py`. A reader who changes
the one knows where the other is, and no test somewhere else hides a line that nobody tests on purpose.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TESTS = ROOT / "src" / "sharklab", ROOT / "tests" / "unit"
PACKAGES = ("checks", "grading/marking", "grading/submission")
PROCESSES = 2
LIMIT = 300
"""Seconds that the tests of one module may take."""


def modules() -> list[str]:
    """Return the modules that decide points, as paths below src/sharklab; one has functions to do so."""
    return sorted(
        file.relative_to(SOURCE).as_posix()
        for package in PACKAGES
        for file in (SOURCE / package).glob("*.py")
        if any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(file.read_text())))
    )


def own_tests(module: str) -> Path:
    """Return the test file of a module."""
    path = Path(module)
    return TESTS / path.parent / f"test_{path.name}"


def uncovered(module: str, folder: Path) -> str:
    """Return the lines of a module that its own test file leaves out, or the reason why it could not run."""
    tests, name = own_tests(module), module.replace("/", "-")
    if not tests.exists():
        return f"there is no {tests.relative_to(ROOT)}"
    data, report = folder / f"{name}.data", folder / f"{name}.json"
    coverage = [sys.executable, "-P", "-m", "coverage"]
    environment = {**os.environ, "COVERAGE_FILE": str(data)}
    include = f"--include={SOURCE / module}"
    tool = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tests)]
    for command in (["run", include, *tool], ["json", "-q", "-o", str(report)]):
        done = subprocess.run(
            [*coverage, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT
        )
        if done.returncode:
            return f"{tests.relative_to(ROOT)} fails:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    [found] = json.loads(report.read_text())["files"].values()
    lines = ", ".join(map(str, found["missing_lines"]))
    return f"{tests.relative_to(ROOT)} leaves out the lines {lines}" if lines else ""


def test_each_module_is_covered_by_its_own_test_file(tmp_path: Path) -> None:
    """A line that decides points is run by a test beside it."""
    names = modules()
    with ThreadPoolExecutor(PROCESSES) as pool:
        left = list(pool.map(lambda name: uncovered(name, tmp_path), names))
    assert [] == [f"{name}: {lines}" for name, lines in zip(names, left, strict=True) if lines]
