"""Compares text with a file that holds what is expected, or renews the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[Path, str], None]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return a function that compares text with a golden file."""

    def compare(file: Path, actual: str) -> None:
        if request.config.getoption("--renew"):
            file.write_text(actual, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == actual

    return compare
