"""Pages of the disk in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page


def open_page(browser: Browser, file: Path, width: int = 1280, **options: Any) -> Page:
    """Open a page of the disk in a window of that width (pixels)."""
    page = browser.new_page(viewport={"width": width, "height": 800}, **options)
    page.goto(file.as_uri())
    return page


def barriers(page: Page) -> list[tuple[str, list[Any]]]:
    """Return what axe-core finds wrong with a page, everything unfolded: each rule and its places."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = Axe().run(page).response["violations"]
    return [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found]
