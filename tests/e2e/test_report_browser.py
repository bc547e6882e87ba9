"""The report in a real browser: nothing is fetched, it fits, prints, and axe-core finds no barrier."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from sharklab.checks import judge
from sharklab.report import compose, write
from tests import matrix_sample
from tests import report_sample as sample

QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium, as a user has it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "install the package chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the sample's report in French and return its page."""
    folder = tmp_path_factory.mktemp("report")
    plan, evidence = sample.plan(folder), sample.evidence(folder)
    files = compose(plan, evidence, sample.facts(), sample.verdicts(), "fr")
    write(files)
    return folder / "report.fr.html"


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of a run of matrices, with a surprise and a missing tool in it; return its page."""
    folder = tmp_path_factory.mktemp("article")
    odd: dict[str, Any] = {"tcp-closed-nc": {"exit_code": 0}, "tcp-open-nmap": {"missing": True}}
    plan, evidence, facts = matrix_sample.Sample(probes=odd).run()
    write(compose(plan, evidence, facts, judge(plan, evidence, facts), "fr", folder))
    return folder / "report.fr.html"


def _open(browser: Browser, report: Path, width: int = 1280, **options: Any) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, **options)
    page.goto(report.as_uri())
    return page


@pytest.mark.parametrize("kind", ["report", "article"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_report_has_no_barriers(
    browser: Browser, kind: str, width: int, scheme: str, request: pytest.FixtureRequest
) -> None:
    """Contrast, names, structure, keyboard: axe-core finds nothing, with everything unfolded."""
    page = _open(browser, request.getfixturevalue(kind), width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found] == []


@pytest.mark.parametrize("kind", ["report", "article"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_report_fits_the_window(
    browser: Browser, kind: str, width: int, request: pytest.FixtureRequest
) -> None:
    """The page never scrolls sideways; wide tables and pictures do so by themselves."""
    page = _open(browser, request.getfixturevalue(kind), width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_report_fetches_nothing(browser: Browser, report: Path) -> None:
    """The page is one file."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    assert asked == [report.as_uri()]


def test_report_has_no_errors(browser: Browser, report: Path) -> None:
    """The browser has nothing to complain of, its content policy included."""
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(report.as_uri())
    assert said == []


def test_evidence_link_unfolds_the_table(browser: Browser, report: Path) -> None:
    """A link to a packet shows its row even in a folded table."""
    page = _open(browser, report)
    row = page.locator("#packet-ssh-40")
    assert not row.is_visible()
    page.get_by_role("link", name="ssh #40").first.click()
    row.wait_for(state="visible", timeout=10_000)


def test_outputs_scroll_by_keyboard(browser: Browser, report: Path) -> None:
    """What scrolls can be reached with the Tab key and has a name."""
    page = _open(browser, report)
    nameless = page.evaluate(
        "[...document.querySelectorAll('pre, .scroll')]"
        ".filter(each => each.tabIndex !== 0 || !each.getAttribute('aria-label')).length"
    )
    assert nameless == 0


def test_print_shows_folded_tables(browser: Browser, report: Path) -> None:
    """On paper the folded table of packets is there, and the contents list is not."""
    page = _open(browser, report)
    page.emulate_media(media="print")
    assert page.locator("#packet-ssh-1").is_visible()
    assert not page.get_by_role("navigation").is_visible()
