"""Each module that decides points is covered by the test file of its name, and by that file alone.

`src/sharklab/grading/marking/policy.py` has `tests/unit/grading/marking/test_policy.py`. A reader who changes
the one knows where the other is, and no test somewhere else hides a line that nobody tests on purpose.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from coverage import Coverage

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TESTS = ROOT / "src" / "sharklab", ROOT / "tests" / "unit"
PACKAGES = ("checks", "grading/marking", "grading/submission", "grading/gradebook")
EXCEPT = ("grading/gradebook/batch.py", "grading/gradebook/pool.py")
"""Modules that work in processes of their own, which are not measured; their tests take half a minute."""


def modules() -> list[str]:
    """Return the modules that decide points, as paths below src/sharklab; one has functions to do so."""
    return sorted(
        file.relative_to(SOURCE).as_posix()
        for package in PACKAGES
        for file in (SOURCE / package).glob("*.py")
        if file.relative_to(SOURCE).as_posix() not in EXCEPT
        and any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(file.read_text())))
    )


def own_tests(module: str) -> Path:
    """Return the test file of a module."""
    path = Path(module)
    return TESTS / path.parent / f"test_{path.name}"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Coverage:
    """Run the tests of these modules once; each line is labelled with the test file that ran it."""
    data = tmp_path_factory.mktemp("coverage") / "data"
    run = [sys.executable, "-P", "-m", "coverage", "run", f"--include={SOURCE}/*"]
    tests = [str(own_tests(module)) for module in modules() if own_tests(module).exists()]
    tool = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*run, *tool, "-p", "tests.support.coverage_contexts", *tests],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_FILE": str(data)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    coverage = Coverage(data_file=data)
    coverage.load()
    return coverage


@pytest.mark.parametrize("module", modules())
def test_module_is_covered_by_its_own_test_file(module: str, measured: Coverage) -> None:
    """A line that decides points is run by a test beside it, or when the module is imported."""
    tests = own_tests(module)
    assert tests.exists()
    file, labels = str(SOURCE / module), {"", tests.relative_to(ROOT).as_posix()}
    statements = measured.analysis2(file)[1]
    contexts = measured.get_data().contexts_by_lineno(file)
    assert [] == [line for line in statements if not labels & set(contexts.get(line, ()))]
