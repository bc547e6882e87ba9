"""Feedback and the page of a class in a real browser: no barrier, nothing fetched, it fits, links work."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from sharklab.grading.gradebook import class_page, feedback
from tests.support import gradebook_sample as sample
from tests.support.browser import barriers, open_page

PAGES = ("class.fr.html", "alice/feedback.fr.html")


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the pages of the sample class and return their folder."""
    folder = tmp_path_factory.mktemp("gradebook")
    (folder / "alice").mkdir()
    own = feedback.files(sample.alice(), sample.plan(folder), sample.captures(), sample.TOOL)
    for name, text in own.items():
        (folder / "alice" / name).write_text(text)
    for name, text in class_page.files(sample.whole()).items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_page_has_no_barriers(browser: Browser, gradebook: Path, name: str, width: int, scheme: str) -> None:
    """Contrast, names, structure, keyboard: axe-core finds nothing, with everything unfolded."""
    page = open_page(browser, gradebook / name, width, color_scheme=scheme)
    assert [] == barriers(page)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_fits_the_window(browser: Browser, gradebook: Path, name: str, width: int) -> None:
    """The page never scrolls sideways; wide tables and pictures do so by themselves."""
    page = open_page(browser, gradebook / name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_page_fetches_nothing_and_complains_of_nothing(browser: Browser, gradebook: Path, name: str) -> None:
    """The page is one file, and fits its own content policy."""
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((gradebook / name).as_uri())
    assert ([(gradebook / name).as_uri()], []) == (asked, said)


def test_class_page_leads_to_feedback(browser: Browser, gradebook: Path) -> None:
    """One click on a name shows what that student reads, in the same language."""
    page = open_page(browser, gradebook / "class.fr.html")
    page.get_by_role("link", name="Alice Müller").first.click()
    page.wait_for_url("**/alice/feedback.fr.html", timeout=60_000)
    assert "4,5 / 8" in page.locator(".score").inner_text()


def test_feedback_puts_expected_beside_found(browser: Browser, gradebook: Path) -> None:
    """On a wide window both are in one line; on a narrow one, below each other with their names."""
    for width, beside in ((1280, True), (360, False)):
        page = open_page(browser, gradebook / "alice" / "feedback.fr.html", width)
        row = page.locator("tr", has_text="Criterion server_port").last
        expected, found = row.locator(".expectation").bounding_box(), row.locator(".finding").bounding_box()
        assert expected and found
        assert beside == (found["x"] >= expected["x"] + expected["width"] - 1)
        assert beside != row.locator(".what").first.is_visible()


def test_feedback_link_unfolds_the_packets(browser: Browser, gradebook: Path) -> None:
    """A link to a packet shows its row even in a folded table."""
    page = open_page(browser, gradebook / "alice" / "feedback.fr.html")
    row = page.locator("#packet-ssh-64")
    assert not row.is_visible()
    page.get_by_role("link", name="ssh #64").first.click()
    row.wait_for(state="visible", timeout=60_000)
