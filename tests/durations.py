"""A pytest plugin: the time that each group of tests took, before pytest's own last line."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest


class Durations:
    """Adds up the seconds of each folder below `tests/`, set-up and tear-down included."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of a test."""
        group = report.nodeid.split("::")[0].removeprefix("tests/").split("/")[0]
        self.seconds[group] += report.duration
        self.tests[group] += report.when == "call"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print a line for each group, in the order in which they ran."""
        terminalreporter.section("time of each group")
        for group, seconds in self.seconds.items():
            terminalreporter.write_line(f"{group:<10} {self.tests[group]:>5} tests {seconds:>8.1f} s")


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin."""
    config.pluginmanager.register(Durations(), "durations")
