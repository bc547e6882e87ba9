"""A plugin of pytest that labels each line coverage.py sees with the test file that ran it.

Use it with `coverage run`. Lines that run while modules are imported have no label.
"""

from __future__ import annotations

import sys

from coverage import Coverage

MEASURED = ("sharklab.checks", "sharklab.report", "sharklab.grading")
"""The floors whose caches are forgotten. Lower floors never call these: their caches hide no line, and to
read each lab again for each test file would cost more than all else."""


def pytest_runtest_logstart(nodeid: str, location: object) -> None:
    """Change the label where another test file begins, and forget the caches that earlier files filled."""
    file = nodeid.partition("::")[0]
    running = Coverage.current()
    if running is None or file == _Labelled.file:
        return
    _Labelled.file = file
    running.switch_context(file)
    for name, module in list(sys.modules.items()):
        if name.startswith(MEASURED):
            for value in list(vars(module).values()):
                if callable(clear := getattr(value, "cache_clear", None)) and value.__module__ == name:
                    clear()


class _Labelled:
    """The label that lines have now."""

    file = ""
