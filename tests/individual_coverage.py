"""A pytest plugin: each module that decides points is covered by the test file of its name alone.

`src/sharklab/grading/marking/policy.py` has `tests/unit/grading/marking/test_policy.py`. A reader who changes
the one knows where the other is, and no test somewhere else hides a line that nobody tests on purpose.

Each of these test files has one more test at its end, `every line`. It fails where a line of a function did
not run. Where a part of a file is chosen (`file::test`, `-k`), nothing is measured.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]
SOURCE, TESTS = ROOT / "src" / "sharklab", ROOT / "tests" / "unit"
PACKAGES = ("checks", "report", "grading/marking", "grading/submission", "grading/gradebook")
EXCEPT = ("grading/gradebook/batch.py", "grading/gradebook/pool.py")
"""Modules that work in processes of their own, which are not measured."""
CACHES = ("sharklab.checks", "sharklab.report", "sharklab.grading")
"""The floors whose caches are emptied first, so that earlier test files hide no line. Lower floors never call
these, and to read each lab again for each test file would cost more than all else."""


def modules() -> list[str]:
    """Return the measured modules, as paths below src/sharklab: those with lines in functions."""
    files = (file for package in PACKAGES for file in (SOURCE / package).glob("*.py"))
    names = {file.relative_to(SOURCE).as_posix() for file in files if function_lines(file.read_text())}
    return sorted(names - {*EXCEPT})


def own_tests(module: str) -> Path:
    """Return the test file of a module; that of a package's `__init__` has the package's name."""
    path = Path(module)
    if path.stem == "__init__":
        path = path.parent.with_suffix(".py")
    return TESTS / path.parent / f"test_{path.name.replace('__', '')}"


def modules_with_functions() -> list[str]:
    """Return all modules with lines in functions, as paths below src/sharklab."""
    files = (file for file in SOURCE.rglob("*.py") if function_lines(file.read_text()))
    return sorted(file.relative_to(SOURCE).as_posix() for file in files)


def function_lines(source: str) -> set[int]:
    """Return the lines inside functions; the others run when the module is imported."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    bodies = (range(node.body[0].lineno, (node.end_lineno or 0) + 1) for node in functions)
    return {line for body in bodies for line in body}


class MeasuredFile(pytest.Module):
    """A test file whose own module is measured while its tests run."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yield the tests of the file, and the one that looks at the lines."""
        yield from super().collect()
        yield EveryLine.from_parent(self, name="every line")


class EveryLine(pytest.Item):
    """The test that no line of the module was left out."""

    def runtest(self) -> None:
        """Compare the lines that ran with those of the module."""
        coverage: Coverage | None = self.config.stash.get(RUNNING, None)
        assert coverage, "choose the whole file: this test measures the others"
        coverage.stop()
        file = SOURCE / self.path.relative_to(TESTS).with_name(self.path.name.removeprefix("test_"))
        missing = set(coverage.analysis2(str(file))[3]) & function_lines(file.read_text())
        assert not missing, f"{file.relative_to(ROOT)}: no test here runs the lines {sorted(missing)}"

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return what a report of this test names."""
        return self.path, 0, f"{self.path.name}: every line"


RUNNING = pytest.StashKey[Coverage | None]()
FILE = pytest.StashKey[Path]()
INCOMPLETE = pytest.StashKey[set[Path]]()


class IndividualCoverage:
    """Measures one module while the tests of its file run."""

    @pytest.hookimpl
    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> MeasuredFile | None:
        """Make the test files of the measured modules ours; a module without one has none that could fail."""
        if module_path in self.files:
            return MeasuredFile.from_parent(parent, path=module_path)
        return None

    def __init__(self) -> None:
        self.files = {own_tests(module): SOURCE / module for module in modules()}

    @pytest.hookimpl
    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Note the files of which a part is chosen."""
        for item in items:
            item.config.stash.setdefault(INCOMPLETE, set()).add(item.path)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave the test of the lines out where a part of its file is chosen."""
        part = config.stash.get(INCOMPLETE, set())
        items[:] = [item for item in items if not (isinstance(item, EveryLine) and item.path in part)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Start to measure with the first test of a file."""
        if item.config.stash.get(FILE, None) != item.path:
            item.config.stash[FILE] = item.path
            self.begin(item)
        return (yield)

    def begin(self, item: pytest.Item) -> None:
        """End the measurement of the file before, and begin that of the item's own."""
        stash = item.config.stash
        if earlier := stash.get(RUNNING, None):
            earlier.stop()
        stash[RUNNING] = None
        is_whole = item.path not in stash.get(INCOMPLETE, ())
        if item.path in self.files and is_whole and not isinstance(item, EveryLine):
            empty_caches()
            coverage = Coverage(data_file=None, config_file=False, include=[str(self.files[item.path])])
            coverage.start()
            stash[RUNNING] = coverage


def empty_caches() -> None:
    """Empty the caches of functions on the floors of the measured modules."""
    for name, module in list(sys.modules.items()):
        if name.startswith(CACHES):
            for value in list(vars(module).values()):
                if callable(clear := getattr(value, "cache_clear", None)) and value.__module__ == name:
                    clear()


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin."""
    config.pluginmanager.register(IndividualCoverage(), "individual_coverage")
