"""A pytest plugin: the time of each group of tests and of the longest files, at the end of the output."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

LONGEST = 12
"""How many files are shown: one process runs a whole file, so the longest ones limit the suite."""


class Durations:
    """Adds up the seconds of each folder below `tests/` and of each file, set-up and tear-down included."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of a test."""
        file = report.nodeid.split("::")[0].removeprefix("tests/")
        for name in {file, file.split("/")[0]}:
            self.seconds[name] += report.duration
            self.tests[name] += report.when == "call"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print a line for each group and for each of the longest files, the longest first."""
        ordered = sorted(self.seconds, key=self.seconds.__getitem__, reverse=True)
        groups = [name for name in ordered if not name.endswith(".py")]
        files = [name for name in ordered if name.endswith(".py")][:LONGEST]
        for title, names in (("time of each group", groups), ("longest files", files)):
            terminalreporter.section(title)
            for name in names:
                terminalreporter.write_line(
                    f"{name:<40} {self.tests[name]:>5} tests {self.seconds[name]:>8.1f} s"
                )


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin."""
    config.pluginmanager.register(Durations(), "durations")
