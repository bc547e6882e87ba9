"""A pytest plugin: which tests of the whole suite go to one process together, where it runs in several.

A file's tests do, because they share what they set up. So do the files that use the seats of
tests/conftest.py: each of these seats is brought up once.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadFileScheduling

SEATS = (
    "tests/roles/",
    "tests/e2e/test_ports.py",
    "tests/e2e/test_reachability.py",
    "tests/e2e/test_tp4.py",
)
"""Where tests use these seats: a file elsewhere would bring them up a second time."""


class Scheduling:
    """Chooses how tests are handed out."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: object) -> object:
        """Return the way in which `--dist=loadfile` hands out files; other ways stay xdist's own."""
        if config.getvalue("dist") != "loadfile":
            return None
        scheduler = LoadFileScheduling(config, log)
        file_of = scheduler._split_scope
        scheduler._split_scope = lambda test: "seats" if test.startswith(SEATS) else file_of(test)
        return scheduler


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin."""
    config.pluginmanager.register(Scheduling(), "scheduling")
