"""The report in a real browser: nothing is fetched, it fits, prints, and axe-core finds no barrier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from sharklab.checks import judge
from sharklab.cli import main
from sharklab.report.render import compose, write
from tests.support import matrix_sample
from tests.support import report_sample as sample
from tests.support.browser import barriers, open_page

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the sample's report in French and return its page."""
    folder = tmp_path_factory.mktemp("report")
    plan, evidence = sample.plan(folder), sample.evidence(folder)
    files = compose(plan, evidence, sample.verdicts(), "fr")
    write(files)
    return folder / "report.fr.html"


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of a run of matrices, with a surprise and a missing tool in it; return its page."""
    folder = tmp_path_factory.mktemp("article")
    odd: dict[str, Any] = {"tcp-closed-nc": {"exit_code": 0}, "tcp-open-nmap": {"missing": True}}
    plan, evidence = matrix_sample.Sample(probes=odd).run()
    write(compose(plan, evidence, judge(plan, evidence), "fr", folder))
    return folder / "report.fr.html"


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Explain captures without a lab, in French; return the page."""
    folder = tmp_path_factory.mktemp("explained")
    files = [str(DATA / name) for name in ("dns.pcap", "reject.pcap", "icmp.pcap")]
    assert main.main(["explain", *files, "-o", str(folder), "--lang", "fr"]) == 0
    return folder / "explained.fr.html"


@pytest.mark.parametrize("kind", ["report", "article", "explained"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_report_has_no_barriers(
    browser: Browser, kind: str, width: int, scheme: str, request: pytest.FixtureRequest
) -> None:
    """Contrast, names, structure, keyboard: axe-core finds nothing, with everything unfolded."""
    page = open_page(browser, request.getfixturevalue(kind), width, color_scheme=scheme)
    assert [] == barriers(page)


@pytest.mark.parametrize("kind", ["report", "article", "explained"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_report_fits_the_window(
    browser: Browser, kind: str, width: int, request: pytest.FixtureRequest
) -> None:
    """The page never scrolls sideways; wide tables and pictures do so by themselves."""
    page = open_page(browser, request.getfixturevalue(kind), width)
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
    page = open_page(browser, report)
    row = page.locator("#packet-ssh-40")
    assert not row.is_visible()
    page.get_by_role("link", name="ssh #40").first.click()
    row.wait_for(state="visible", timeout=60_000)


def test_outputs_scroll_by_keyboard(browser: Browser, report: Path) -> None:
    """What scrolls can be reached with the Tab key and has a name."""
    page = open_page(browser, report)
    nameless = page.evaluate(
        "[...document.querySelectorAll('pre, .scroll')]"
        ".filter(each => each.tabIndex !== 0 || !each.getAttribute('aria-label')).length"
    )
    assert nameless == 0


def test_print_shows_folded_tables(browser: Browser, report: Path) -> None:
    """On paper the folded table of packets is there, and the contents list is not."""
    page = open_page(browser, report)
    page.emulate_media(media="print")
    assert page.locator("#packet-ssh-1").is_visible()
    assert not page.get_by_role("navigation").is_visible()
