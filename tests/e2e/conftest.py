"""Browsers for the tests of pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.support.browser import NAMES, launch


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Return the library that drives browsers."""
    with sync_playwright() as own:
        yield own


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start the system's Chromium, as a user has it."""
    chromium = launch(playwright, "chromium", tmp_path_factory.mktemp("chromium"))
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def firefox(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start the system's Firefox, as a user has it."""
    own = launch(playwright, "firefox", tmp_path_factory.mktemp("firefox"))
    yield own
    own.close()


@pytest.fixture(params=NAMES)
def each_browser(request: pytest.FixtureRequest) -> Browser:
    """Return each browser in turn."""
    found: Browser = request.getfixturevalue({"chromium": "browser"}.get(request.param, request.param))
    return found
