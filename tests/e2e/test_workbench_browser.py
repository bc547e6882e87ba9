"""The workbench in a real browser: no barrier, no complaint, the keyboard alone, and two readers at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sharklab.cli import flow
from sharklab.cli.workbench import watching
from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.lab import plan_file
from tests.support import served
from tests.support.browser import barriers
from tests.support.labs import write_lab
from tests.support.workbench import Bench
from tests.support.workbench_door import DoorHere

BRIEF = "# {{ lab }} of {{ student }}\n\n| | port |\n|---|---|\n| a | b |\n"
PATIENCE = 30_000
"""Milliseconds; a busy computer fails no test."""


@pytest.fixture(scope="module")
def files() -> dict[str, Path]:
    """Return the JavaScript of other makers."""
    return served.files_of_others()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, Path]) -> Iterator[Bench]:
    """Serve a class of two."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    lab = write_lab(tmp_path / "mylab", fr=BRIEF, en=BRIEF)
    names = {"alice": "Alice Müller", "bob": "Bob Martin"}
    with served.serving(str(lab), "alice", tmp_path / "work", files, names=names) as found:
        yield found


def enter(browser: Browser, bench: Bench, reader: Reader, lang: str, said: list[str]) -> Page:
    """Use a new link as a reader does, and return the page; `said` gets every complaint of the browser."""
    page = browser.new_context(locale=lang, viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    bench.links.add(f"token-{reader.name}", reader)
    page.goto(f"{bench.site.origin}/enter/token-{reader.name}")
    page.locator("h1").wait_for()
    return page


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_pages_have_no_barriers_and_no_complaints(browser: Browser, bench: Bench, lang: str) -> None:
    """Each state of both pages, in each language, under the content security policy."""
    said: list[str] = []
    page = enter(browser, bench, bench.reader(), lang, said)
    for tab in ("brief", "work", "map", "give"):
        page.locator(f"#tab-{tab}").click()
        assert [] == barriers(page)
    page.locator("#tab-work").click()
    page.locator(".checkbar button").click()
    page.locator(".sum").wait_for()
    page.locator(".hand button").click()
    page.locator(".hand button[aria-pressed=true]").wait_for()
    assert [] == barriers(page)
    teacher = enter(browser, bench, Reader("instructor", INSTRUCTOR), lang, said)
    teacher.locator("#row-alice.asks").wait_for()
    assert [] == barriers(teacher)
    assert [] == said


def test_student_works_with_the_keyboard_alone(browser: Browser, bench: Bench) -> None:
    """Tabs by arrows, an answer that is saved while it is typed, a check, and the receipt."""
    page = enter(browser, bench, bench.reader(), "en", [])
    page.locator("#tab-brief").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-work")).to_be_focused()
    page.locator("#answer-page-server_port").focus()
    page.keyboard.type("8080")
    expect(page.locator("form.answer output").first).not_to_be_empty(timeout=PATIENCE)
    assert 'server_port: "8080"' in (bench.folder / "answers.yml").read_text()
    page.locator(".checkbar button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#outcome-page li").first).to_be_visible(timeout=PATIENCE)
    page.locator("#tab-work").focus()
    page.keyboard.press("End")
    page.locator("#give button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".receipt")).to_be_visible(timeout=PATIENCE)
    page.reload()
    expect(page.locator("#tab-give")).to_have_attribute("aria-selected", "true")
    assert "8080" == page.locator("#answer-page-server_port").input_value()


def test_class_page_follows_a_student(browser: Browser, bench: Bench) -> None:
    """What a student does in one browser is on the table in another one, without a reload."""
    teacher = enter(browser, bench, Reader("instructor", INSTRUCTOR), "en", [])
    bob = Reader("bob", seats=frozenset({("mylab", "bob")}))
    student = enter(browser, bench, bob, "en", [])
    student.locator(".hand button").click()
    expect(teacher.locator("#row-bob")).to_have_class("asks", timeout=PATIENCE)
    teacher.locator("#row-bob button", has_text="helped").first.click()
    expect(teacher.locator("#row-bob")).not_to_have_class("asks", timeout=PATIENCE)


def test_packets_that_are_kept_are_on_the_list(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, Path]
) -> None:
    """The captures of the exercise are shown again, without a reload."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(watching, "PATIENCE", 0)
    lab = str(write_lab(tmp_path / "mylab", fr=BRIEF, en=BRIEF))
    plan = flow.prepare(lab, "alice")
    plan_file.save(plan)
    (tmp_path / "door").mkdir()
    door = DoorHere(tmp_path / "door", plan)
    said: list[str] = []
    with served.serving(lab, "alice", tmp_path / "work", files, keeper=str(door.path)) as bench:
        page = enter(browser, bench, bench.reader(), "en", said)
        page.locator("#tab-work").click()
        page.locator("#tab-packets-client").click()
        packets = page.locator("x-packets[host=client]")
        packets.locator("button[data-state=none]").click()
        expect(packets).to_have_attribute("data-state", "runs", timeout=PATIENCE)
        door.tcpdumps.made[-1].grow((Path(served.__file__).parents[1] / "data" / "refused.pcap").read_bytes())
        packets.locator(".space [role=row]").first.wait_for()
        packets.locator("form[data-do=keep] button").click()
        expect(page.locator("#captures-page .passed")).to_be_visible(timeout=PATIENCE)
        live = bench.app.state.watching.find(("mylab", "alice", "client")).live
        page.context.close()
        while live.file >= 0:
            time.sleep(0.01)
    door.close()
    assert [] == said
