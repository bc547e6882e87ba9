"""The pages of the workbench in a real browser, in the words of the reader who uses them.

Everything is done by the keyboard where `by_keys` is in the name; otherwise by the mouse, as most people do.
"""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, ViewportSize, expect

from tests.support.browser import barriers, listen, new_context

PATIENCE = 60_000
"""Milliseconds; a busy computer fails no test."""

CALM = 500
"""Milliseconds without a packet after which an exchange has ended."""

NUMBERS = count(101)
"""Each command that is waited for has its own."""

MOST_TABS = 80
"""Presses of Tab that reach any part of a page."""


class WorkbenchPage:
    """A page of the workbench; `said` has every complaint of the browser about it."""

    def __init__(self, browser: Browser, link: str, lang: str = "en") -> None:
        """Use a link in a browser of its own, and choose a language as a reader does."""
        self.said: list[str] = []
        size: ViewportSize = {"width": 1280, "height": 860}
        self.context = new_context(browser, viewport=size, ignore_https_errors=True)
        self.page = listen(self.context.new_page(), self.said)
        self.page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        self.page.goto(link)
        self.page.wait_for_url(lambda url: "/enter" not in url)
        if (other := self.at(f".languages button[value={lang}]")).count():
            other.click()
        expect(self.at("html")).to_have_attribute("lang", lang)

    def close(self) -> None:
        """Close the browser of the reader, who had nothing to complain about."""
        self.context.close()
        assert [] == self.said, self.said

    def at(self, selector: str) -> Locator:
        """Return a part of the page."""
        return self.page.locator(selector)

    def barriers(self) -> list[Any]:
        """Return what hinders readers with a keyboard or a screen reader, in the state of now."""
        return barriers(self.page)

    def reach_by_keys(self, selector: str) -> Locator:
        """Press Tab until a part of the page has the focus."""
        for _ in range(MOST_TABS):
            if self.at(f"{selector}:focus").count():
                return self.at(selector)
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {selector}")

    def write(self, field: Locator, text: str) -> None:
        """Type into a field, in place of its text."""
        field.focus()
        self.press("Control+A", "Delete")
        self.page.keyboard.type(text)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def open_tab(self, name: str) -> None:
        """Open one of the tabs `brief`, `work`, `map` and `give`, or that of a host: `terminal-client`."""
        self.at(f"#tab-{name}").click()
        expect(self.at(f"#tab-{name}")).to_have_attribute("aria-selected", "true")

    def terminal(self, host: str) -> Terminal:
        """Return the terminal of a host, which is shown now."""
        self.open_tab(f"terminal-{host}")
        return Terminal(self, host)


class SeatPage(WorkbenchPage):
    """The page of a seat."""

    def answer(self, exercise: str, question: str, text: str) -> None:
        """Type an answer, and wait until it is saved."""
        field = self.at(f"#answer-{exercise}-{question}")
        self.write(field, text)
        expect(field.locator("xpath=ancestor::form").locator("output")).not_to_be_empty()

    def check(self) -> str:
        """Let the work be checked, and return the sum of points."""
        self.open_tab("work")
        times = self.at(".sum time")
        before = times.inner_text() if times.count() else ""
        with self.page.expect_response(lambda answer: answer.url.endswith("/check")):
            self.at(".checkbar button").click()
        if before:
            expect(times).not_to_have_text(before)
        return self.at(".sum strong").inner_text()

    def hand_in(self) -> str:
        """Hand in, and return the SHA-256 of the receipt."""
        self.open_tab("give")
        self.at("#give form button").click()
        return self.at(".receipt code").inner_text()

    def ask_for_help(self) -> None:
        """Raise the hand."""
        self.at(".hand button[aria-pressed=false]").click()
        self.at(".hand button[aria-pressed=true]").wait_for()

    def upload(self, capture: str, file: Path) -> None:
        """Choose a file as a capture, and wait until it is kept or refused."""
        with self.page.expect_response(lambda answer: answer.url.endswith("/captures")):
            self.at(f"form.upload:has(input[value={capture}]) input[type=file]").set_input_files(file)

    def packets(self, host: str) -> Packets:
        """Return the packets of a host, which are shown now."""
        self.open_tab(f"packets-{host}")
        return Packets(self, host)


class Terminal:
    """A terminal of a host."""

    def __init__(self, seat: WorkbenchPage, host: str) -> None:
        self._seat, self.host = seat, host
        self.own = seat.at(f"x-terminal[host={host}]")
        expect(self.own).to_have_attribute("data-state", "open")

    @property
    def input(self) -> Locator:
        """The part that takes keys."""
        return self.own.locator(".xterm-helper-textarea")

    @property
    def screen(self) -> Locator:
        """The lines on the screen."""
        return self.own.locator(".xterm-rows")

    def type(self, *lines: str) -> None:
        """Type lines, and Enter after each."""
        self.input.focus()
        for line in lines:
            self._seat.page.keyboard.type(line)
            self._seat.press("Enter")

    def run(self, command: str) -> None:
        """Type a command, and wait until it has ended well."""
        number = next(NUMBERS)
        self.type(f"{command}; echo end-$(({number} + 0))-$?")
        ended = re.compile(rf"end-{number}-\d+")
        expect(self.screen).to_contain_text(ended)
        screen = self.screen.text_content() or ""
        assert f"end-{number}-0" in screen, screen


class Packets:
    """The live packets of a host."""

    def __init__(self, seat: WorkbenchPage, host: str) -> None:
        self._seat = seat
        self.own = seat.at(f"x-packets[host={host}]")
        self.rows = self.own.locator(".space [role=row]")
        self.detail = self.own.locator(".detail")
        self.problem = self.own.locator("[data-shows=problem]")

    def ask(self, filter: str) -> None:
        """Ask for a recording."""
        self._seat.write(self.own.locator("form[data-do=record] input"), filter)
        self.own.locator("form[data-do=record] button[data-state=none]").click()

    def record(self, filter: str = "") -> None:
        """Begin a recording, and wait until it runs."""
        self.ask(filter)
        expect(self.own).to_have_attribute("data-state", "runs")

    def settle(self) -> None:
        """Wait until half a second passes without another packet."""
        shown, seen = self.own.locator("[data-shows=count]"), ""
        while (now := shown.inner_text()) != seen:
            seen = now
            self._seat.page.wait_for_timeout(CALM)

    def stop(self) -> None:
        """End the recording."""
        self.own.locator("form[data-do=record] button[data-state=runs]").click()
        expect(self.own).to_have_attribute("data-state", "stopped")

    def keep(self, capture: str) -> None:
        """Make the recording the capture of an exercise."""
        self.own.locator("form[hx-post$='/keep'] select").select_option(capture)
        with self._seat.page.expect_response(lambda answer: answer.url.endswith("/keep")) as told:
            self.own.locator("form[hx-post$='/keep'] button").click()
        assert told.value.ok, told.value.text()

    def choose(self, number: int) -> None:
        """Click on the packet of that number, and wait for its layers."""
        self.own.locator(f"[data-number='{number}']").click()
        self.detail.locator("pre.bytes").wait_for()

    def open_first(self) -> str:
        """Go to the first packet by the keyboard, and return its layers and bytes."""
        self.own.locator(".view").focus()
        with self._seat.page.expect_response(lambda answer: answer.url.endswith("/packets/1")) as told:
            self._seat.press("Home", "Enter")
        return told.value.text()


class ClassPage(WorkbenchPage):
    """The pages of the instructor."""

    def row(self, student: str) -> Locator:
        """Return the row of a student."""
        return self.at(f"#row-{student}")

    def visit(self, student: str) -> None:
        """Open the page of a student. Before the page is loaded no script hears a click."""
        with self.page.expect_event("load"):
            self.row(student).locator("th a").click()
        self.at("main.split").wait_for()

    def go_back(self) -> None:
        """Open the page of the class again."""
        self.page.go_back()
        self.at("#rows table").wait_for()
