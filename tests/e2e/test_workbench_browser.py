"""The workbench in Chromium and Firefox: no barrier, no complaint, the keyboard alone, a student's ways.

Hosts are shells of this computer, and packets are those of a file: tests/support/workbench_door.py.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from sharklab.cli import flow
from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from tests.support import labs, served
from tests.support.browser import barriers
from tests.support.workbench import Bench
from tests.support.workbench_door import DoorHere
from tests.support.workbench_page import ClassPage, Packets, SeatPage, Terminal, WorkbenchPage

BRIEF = "# {{ lab }} of {{ student }}\n\n| | port |\n|---|---|\n| a | b |\n"
REFUSED = Path(__file__).parents[1] / "data" / "refused.pcap"
TEACHER = Reader("instructor", INSTRUCTOR)
ALICE = Reader("alice", seats=frozenset({("mylab", "alice")}))
NAMES = {"alice": "Alice Müller", "bob": "Bob Martin"}


@pytest.fixture(scope="module")
def files() -> dict[str, Path]:
    """Return the JavaScript of other makers."""
    return served.files_of_others()


@pytest.fixture
def door_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoorHere]:
    """Open the door of alice's seat, which is said to be up."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    lab = str(labs.write_lab(tmp_path / "mylab", fr=BRIEF, en=BRIEF))
    labs.start(lab)
    (tmp_path / "door").mkdir()
    own = DoorHere(tmp_path / "door", flow.prepare(lab, "alice"))
    yield own
    own.close()


@pytest.fixture
def bench(tmp_path: Path, door_here: DoorHere, files: dict[str, Path]) -> Iterator[Bench]:
    """Serve a class of two."""
    folder, keeper = tmp_path / "work", str(door_here.path)
    with served.serving(str(tmp_path / "mylab"), "alice", folder, files, names=NAMES, keeper=keeper) as own:
        yield own


def link(bench: Bench, reader: Reader) -> str:
    """Return a new link for a reader."""
    bench.links.add(f"token-{reader.name}", reader)
    return f"{bench.site.origin}{bench.site.prefix}/enter/token-{reader.name}"


@pytest.fixture
def enter(bench: Bench) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page of a reader; nobody complains until the end."""
    pages: list[WorkbenchPage] = []

    def one(browser: Browser, reader: Reader = ALICE, lang: str = "en") -> WorkbenchPage:
        kind = ClassPage if reader.is_instructor else SeatPage
        pages.append(kind(browser, link(bench, reader), lang))
        return pages[-1]

    yield one
    for page in pages:
        page.close()


@pytest.fixture
def alice(enter: Callable[..., Any], each_browser: Browser) -> SeatPage:
    """Open the page of alice in each browser."""
    page: SeatPage = enter(each_browser)
    return page


def record(page: SeatPage, door_here: DoorHere) -> Packets:
    """Record the packets of a refused connection on `client`."""
    packets = page.packets("client")
    packets.record("tcp port 80")
    door_here.tcpdumps.made[-1].grow(REFUSED.read_bytes())
    packets.rows.first.wait_for()
    return packets


PAIRS = [("chromium", "en"), ("firefox", "fr")]
"""Each browser, each language, each state: a barrier comes from one of them, not from a pair."""


@pytest.fixture(params=PAIRS, ids="-".join)
def reading(request: pytest.FixtureRequest, enter: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that opens a page of a reader in a browser and a language."""
    name, lang = request.param
    own = request.getfixturevalue({"chromium": "browser"}.get(name, name))
    return lambda reader=ALICE: enter(own, reader, lang)


def test_no_state_of_a_students_page_has_a_barrier(
    reading: Callable[..., Any], bench: Bench, door_here: DoorHere, tmp_path: Path
) -> None:
    """Tabs, terminals, packets, outcomes, refusals, the receipt: axe-core finds nothing."""
    page: SeatPage = reading()
    found = {}
    for tab in ("brief", "map", "work", "give"):
        page.open_tab(tab)
        found[tab] = page.barriers()
    page.terminal("client").run("true")
    packets = page.packets("client")
    packets.ask("wrong")
    expect(packets.problem).not_to_be_empty()
    found["refused filter"] = page.barriers()
    packets = record(page, door_here)
    packets.choose(1)
    found["packet"] = page.barriers()
    packets.own.locator("[data-do=follow]").click()
    packets.detail.locator("svg").wait_for()
    packets.stop()
    found["ladder"] = page.barriers()
    page.open_tab("work")
    page.answer("page", "server_port", "8080")
    (tmp_path / "none.pcap").write_text("<b>no capture</b>")
    page.upload("page", tmp_path / "none.pcap")
    page.at("#captures-page .problem").wait_for()
    page.check()
    page.ask_for_help()
    found["work"] = page.barriers()
    page.hand_in()
    found["receipt"] = page.barriers()
    page.page.goto(f"{bench.site.origin}/seats/mylab/bob/")
    found["refused page"] = page.barriers()
    page.said = [line for line in page.said if "404" not in line]  # Chromium's own line about this page
    assert {} == {state: barriers for state, barriers in found.items() if barriers}


def test_no_page_of_a_class_has_a_barrier(reading: Callable[..., Any], bench: Bench) -> None:
    """The table with a raised hand, a message and a new link, the page of a student, and that of a seat."""
    bench.of_class.handlers()["help"]("alice", {"up": "yes"}, [])
    page: ClassPage = reading(TEACHER)
    expect(page.row("alice")).to_have_class("asks")
    page.row("alice").locator("td:last-child button").click()
    page.at("#link code").wait_for()
    page.write(page.at("input[name=text]"), "Hello")
    page.press("Enter")
    expect(page.at("#sent")).not_to_be_empty()
    found = {"class": page.barriers()}
    page.visit("alice")
    page.at("x-terminal[data-state=refused]").wait_for()
    found["page of a student"] = page.barriers()
    page.go_back()
    page.row("alice").locator("a[href*='/class/seats/']").click()
    page.at("#job form").first.wait_for()
    found["seat"] = page.barriers()
    assert {} == {state: barriers for state, barriers in found.items() if barriers}


def test_student_works_with_the_keyboard_alone(alice: SeatPage, bench: Bench, door_here: DoorHere) -> None:
    """Tab reaches each part; arrows change tabs, sizes and packets; a terminal lets the reader go."""
    alice.reach_by_keys("#tab-brief")
    alice.press("ArrowRight")
    expect(alice.at("#tab-work")).to_be_focused()
    alice.reach_by_keys(".checkbar button").press("Enter")
    expect(alice.at("#outcome-page li").first).to_be_visible()
    alice.reach_by_keys("#answer-page-server_port")
    alice.page.keyboard.type("8080")
    expect(alice.at("form.answer output").first).not_to_be_empty()
    assert 'server_port: "8080"' in (bench.folder / "answers.yml").read_text()
    bar = alice.reach_by_keys("#bar-hosts")
    before = int(bar.input_value())
    alice.press("ArrowRight")
    expect(bar).to_have_value(str(before + 1))
    alice.reach_by_keys("#tab-terminal-server")
    alice.press("ArrowRight")
    screen = alice.at("x-terminal[host=client]")
    expect(screen).to_have_attribute("data-state", "open")
    alice.press("Enter")
    expect(screen.locator("textarea")).to_be_focused()
    alice.page.keyboard.type("printf '42 \\303\\251t\\303\\251'")
    alice.press("Enter")
    expect(screen.locator(".xterm-rows")).to_contain_text("42 été")
    alice.press("Control+Shift+L")
    expect(alice.at("#tab-terminal-client")).to_be_focused()
    alice.reach_by_keys("#tab-packets-server")
    alice.reach_by_keys("x-packets[host=server] form[data-do=record] button.main").press("Enter")
    packets = alice.at("x-packets[host=server]")
    expect(packets).to_have_attribute("data-state", "runs")
    door_here.tcpdumps.made[-1].grow(REFUSED.read_bytes())
    packets.locator("[data-number='2']").wait_for()
    alice.reach_by_keys("x-packets[host=server] .view")
    alice.press("Home", "ArrowDown", "Enter")
    expect(packets.locator("[aria-selected=true]")).to_have_attribute("data-number", "2")
    expect(packets.locator("pre.bytes")).to_contain_text("0000")
    alice.at("#tab-work").focus()
    alice.press("End")
    alice.reach_by_keys("#give button").press("Enter")
    expect(alice.at(".receipt")).to_be_visible()
    alice.page.reload()
    expect(alice.at("#tab-give")).to_have_attribute("aria-selected", "true")
    assert "8080" == alice.at("#answer-page-server_port").input_value()


def test_bars_between_panes_move(enter: Callable[..., Any], browser: Browser) -> None:
    """By keys and by the mouse. The first pane grows and shrinks with its bar, and the browser remembers it.

    In Firefox no test can measure a part of a page with a strict policy.
    """
    alice: SeatPage = enter(browser)
    for bar, tab, side, more, less in (
        ("#bar-hosts", "#tab-brief", "width", "ArrowRight", "ArrowLeft"),
        ("#bar-packets", "#tab-terminal-client", "height", "ArrowDown", "ArrowUp"),
    ):

        def size(tab: str = tab, side: str = side) -> float:
            box = alice.at(f"section.pane:has({tab})").bounding_box()
            assert box is not None
            return box["width"] if side == "width" else box["height"]

        begin = size()
        alice.at(bar).focus()
        alice.press(more)
        grown = size()
        assert grown > begin
        alice.press(less)
        assert abs(begin - size()) < 1
        box = alice.at(f"section.pane:has({tab})").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] + 4, box["y"] + box["height"] + 4  # the bar, which has 8 pixels
        place = (x, box["y"] + 200) if side == "width" else (box["x"] + 200, y)
        alice.page.mouse.move(*place)
        alice.page.mouse.down()
        alice.page.mouse.move(place[0] + 100, place[1] - 100)
        alice.page.mouse.up()
        moved = size()
        assert abs(moved - begin - (100 if side == "width" else -100)) < 15
        alice.page.reload()
        assert abs(moved - size()) < 1


def test_map_rests_while_nobody_sees_it(enter: Callable[..., Any], browser: Browser) -> None:
    """Behind another tab of the page, and on another page. It is fresh when seen again."""
    page: SeatPage = enter(browser)
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))
    page.page.clock.install()
    page.page.reload()

    def asks(seconds: int) -> bool:
        asked.clear()
        page.page.clock.run_for(seconds * 1000)
        page.page.evaluate("1")  # what was asked before is told before
        return any(url.endswith("/hosts") for url in asked)

    assert not asks(25)
    page.open_tab("map")
    page.at("[data-opens=tab-terminal-client]").wait_for()
    assert asks(11)
    page.page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    assert not asks(25)
    with page.page.expect_request(lambda request: request.url.endswith("/hosts")):
        page.page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")


def test_map_leads_to_terminals_and_packets(alice: SeatPage) -> None:
    """A host of the picture is its terminal, a cable its packets; the buttons below do the same."""
    alice.open_tab("map")
    alice.at("[data-opens=tab-packets-client]").wait_for()
    alice.reach_by_keys("[data-opens=tab-packets-client]").press("Enter")
    expect(alice.at("#tab-packets-client")).to_be_focused()
    alice.at(".map .machine[data-host=client] .name").click()
    expect(alice.at("x-terminal[host=client] textarea")).to_be_focused()
    alice.at(".map .cable[data-host=server] .grip").click(force=True)
    expect(alice.at("#tab-packets-server")).to_have_attribute("aria-selected", "true")


DROP = """(line) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(%r), (letter) => letter.charCodeAt(0))], "my own.cap"));
  for (const kind of ["dragover", "drop"])
    line.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def test_capture_of_the_own_pc_is_dropped_and_explained(
    enter: Callable[..., Any], browser: Browser, bench: Bench
) -> None:
    """On its line it is kept, elsewhere the page stays; in Firefox no script of a test can make a drop."""
    page: SeatPage = enter(browser)
    page.open_tab("work")
    drop = DROP % base64.b64encode(REFUSED.read_bytes()).decode()
    page.at("#task-page").evaluate(drop)
    page.at("#captures-page li").evaluate(drop)
    page.at("#captures-page a").wait_for()
    assert REFUSED.read_bytes() == (bench.folder / "captures" / "page.pcap").read_bytes()
    with page.context.expect_page() as opened:
        page.at("#captures-page a").click()
    expect(opened.value.locator("table.explained").first).to_be_visible()
    assert [] == barriers(opened.value)


def test_packets_are_searched_paused_and_downloaded(alice: SeatPage, door_here: DoorHere) -> None:
    """As a student does, after the page was loaded again, too. What is kept is on the list of captures."""
    packets = record(alice, door_here)
    expect(packets.rows).to_have_count(2)
    alice.write(packets.own.locator("[data-do=search]"), "RST")
    expect(packets.rows).to_have_count(1)
    expect(packets.own.locator("[data-shows=count]")).to_have_text("1 / 2")
    alice.write(packets.own.locator("[data-do=search]"), "")
    pause = packets.own.get_by_label("Pause")
    pause.check()
    door_here.tcpdumps.made[-1].grow(REFUSED.read_bytes())
    expect(packets.own.locator("[data-shows=count]")).to_have_text("2 / 4")
    expect(packets.rows).to_have_count(2)
    pause.uncheck()
    expect(packets.rows).to_have_count(4)
    alice.write(packets.own.locator("form[data-do=display] input"), "tcp.flags.reset == 1")
    alice.press("Enter")
    expect(packets.rows).to_have_count(2)
    alice.page.reload()
    expect(packets.rows).to_have_count(2)
    alice.write(packets.own.locator("form[data-do=display] input"), "no.such.field")
    alice.press("Enter")
    expect(packets.problem).not_to_be_empty()
    packets.stop()
    answer = alice.context.request.get(alice.page.url + "hosts/client/packets/capture.pcapng")
    assert bytes.fromhex("0a0d0d0a") == answer.body()[:4]
    packets.keep("page")
    expect(alice.at("#captures-page .passed")).to_be_attached()


def test_terminal_stays_after_a_reload_and_an_end(alice: SeatPage) -> None:
    """The same shell with its lines; Ctrl-C reaches it; after its end Enter begins a new one."""
    terminal = alice.terminal("client")
    terminal.run("word=kept; stty echo")
    alice.page.reload()
    expect(terminal.own).to_have_attribute("data-state", "open")
    terminal.type("echo $word-${#word}")
    expect(terminal.screen).to_contain_text("kept-4")
    terminal.type("sh -c 'echo run-$((1 + 1)); exec sleep 1000'")
    expect(terminal.screen).to_contain_text("run-2")
    alice.press("Control+C")
    terminal.run("true")
    terminal.type("exit")
    expect(terminal.own).to_have_attribute("data-state", "ended")
    alice.press("Enter")
    expect(terminal.own).to_have_attribute("data-state", "open")
    terminal.run("true")


def test_student_shows_a_terminal_and_is_helped(
    enter: Callable[..., Any], browser: Browser, firefox: Browser
) -> None:
    """Both pages follow without a reload, with a mark on both sides, until the student ends it."""
    teacher, student = enter(browser, TEACHER), enter(firefox)
    student.terminal("client").type("echo in-''need")
    student.ask_for_help()
    expect(teacher.row("alice")).to_have_class("asks")
    with teacher.page.expect_event("load"):  # before it no script hears a click
        teacher.row("alice").locator("a", has_text="see").click()
    screen = teacher.at("x-terminal[host=client] .xterm-rows")
    teacher.at("#tab-terminal-client").click()
    expect(screen).to_contain_text("in-need")
    expect(student.at("x-terminal[host=client] .viewers output")).to_contain_text("instructor")
    assert 0 == teacher.at("x-packets").count()
    with teacher.page.expect_event("load"):
        student.at("#notes button").filter(has_text="Let the instructor type").click()
    Terminal(teacher, "client").type("echo hel''ped")
    expect(student.at("x-terminal[host=client] .xterm-rows")).to_contain_text("helped")
    assert [] == student.barriers() == teacher.barriers()
    student.at("#notes button").filter(has_text="Hide my terminals").click()
    expect(teacher.at("x-terminal")).to_have_count(0)


def test_class_page_and_a_student_tell_each_other(
    enter: Callable[..., Any], browser: Browser, firefox: Browser
) -> None:
    """A message, progress, a submission and its feedback are on the other page as they happen."""
    teacher, student = enter(firefox, TEACHER), enter(browser)
    teacher.write(teacher.at("input[name=text]"), "Five minutes left")
    teacher.press("Enter")
    student.at(".letter").filter(has_text="Five minutes left").wait_for()
    assert [] == student.barriers()
    teacher.row("alice").locator("[title]", has_text="✉").wait_for()
    student.at(".letter button").click()
    expect(student.at(".letter")).to_have_count(0)
    box = teacher.row("alice").locator("input[type=checkbox]")
    box.check()
    student.open_tab("work")
    student.answer("page", "server_port", "8080")
    expect(teacher.row("alice").locator("td.num").first).to_contain_text("/")
    expect(box).to_be_checked()
    student.hand_in()
    teacher.at("#gradebook button").click()
    teacher.at("#gradebook button").filter(has_text="Give").click()
    student.at("#notes a").click()
    expect(student.at("h1")).to_be_visible()
    assert [] == student.barriers()
