"""Real browsers: the system's own Chromium and Firefox, and the pages of the disk in one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.support import firefox_relay

NAMES = ("chromium", "firefox")
CHROMIUM = ("chromium", "chromium-browser")
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
PREFERENCES = {
    "app.normandy.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
"""Settings of Firefox: it asks the Internet for nothing."""

TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  if (event.blockedURI === "eval" && !event.sourceFile.includes("/static/")) return;
  if (event.blockedURI.endsWith("/favicon.ico")) return;
  console.error("content security policy:", event.violatedDirective, event.blockedURI, event.sourceFile);
});
"""
"""Firefox tells the console of its own tools alone about a content that the policy of a page forbids.

Playwright itself tries `eval` once in each page; a script of ours has its address below /static/.
"""

NOT_OURS = ("blocked a JavaScript eval", "/favicon.ico because", "NetworkError when attempting to fetch")
"""Parts of lines about requests of Playwright and of the browser itself: reports have no icon.

Firefox says the last one of a request that ends because its page is left, so it comes by chance.
"""

AXE_KEY, AXE_SAYS = "F9", "axe-core: "
RUN_AXE = """
addEventListener("keydown", async (event) => {
  if (event.key !== "%s") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  for (const each of document.querySelectorAll("details")) each.open = true;
  const found = (await axe.run()).violations;
  const places = (rule) => rule.nodes.map((node) => node.target).slice(0, 3);
  console.info("%s" + JSON.stringify(found.map((rule) => [rule.id, places(rule)])));
}, true);
"""
"""Runs axe-core at a key. Under a strict policy a test can run no script in a page of Firefox later."""


def launch(playwright: Playwright, name: str, folder: Path) -> Browser:
    """Start the system's browser of that name; `folder` is for programs that it needs."""
    if name == "chromium":
        return playwright.chromium.launch(executable_path=_program(CHROMIUM), args=list(QUIET))
    program = firefox_relay.write_program(folder, _program(firefox_relay.PROGRAMS))
    options: dict[str, Any] = {"channel": "moz-firefox", "firefox_user_prefs": PREFERENCES}
    return playwright.firefox.launch(executable_path=program, **options)


def _program(names: Sequence[str]) -> str:
    """Return the path of the first program that the system has."""
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"install the package {names[0]}"
    return found


def listen(page: Page, said: list[str]) -> Page:
    """Let `said` get every complaint of the browser: console, errors, content security policy."""

    def note(text: str) -> None:
        if not text.startswith(AXE_SAYS) and not any(part in text for part in NOT_OURS):
            said.append(text)

    page.on("console", lambda message: note(message.text))
    page.on("pageerror", lambda error: note(str(error)))
    return page


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a browser of one reader, in whose pages barriers can be found; options as in Playwright."""
    context = browser.new_context(**options)
    context.add_init_script(Path(AXE_FILE_PATH).read_text())
    context.add_init_script(RUN_AXE % (AXE_KEY, AXE_SAYS))
    context.add_init_script(TELL_VIOLATIONS)
    return context


def open_page(browser: Browser, file: Path, width: int = 1280, **options: Any) -> Page:
    """Open a page of the disk in a window of that width (pixels)."""
    page = new_context(browser, viewport={"width": width, "height": 800}, **options).new_page()
    page.goto(file.as_uri())
    return page


def barriers(page: Page) -> list[Any]:
    """Return what axe-core finds wrong with a page, everything unfolded: each rule and its places."""
    with page.expect_console_message(lambda message: message.text.startswith(AXE_SAYS)) as told:
        page.keyboard.press(AXE_KEY)
    found: list[Any] = json.loads(told.value.text.removeprefix(AXE_SAYS))
    return found
