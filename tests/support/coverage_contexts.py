"""A plugin of pytest that labels each line coverage.py sees with the test file that ran it.

Use it with `coverage run`. Lines that run while modules are imported have no label.
"""

from __future__ import annotations

import sys

from coverage import Coverage


def pytest_runtest_logstart(nodeid: str, location: object) -> None:
    """Change the label where another test file begins, and forget what earlier files left in caches."""
    file = nodeid.partition("::")[0]
    running = Coverage.current()
    if running is None or file == _Labelled.file:
        return
    _Labelled.file = file
    running.switch_context(file)
    for name, module in list(sys.modules.items()):
        if name.startswith("sharklab"):
            for value in list(vars(module).values()):
                if callable(clear := getattr(value, "cache_clear", None)):
                    clear()


class _Labelled:
    """The label that lines have now."""

    file = ""
