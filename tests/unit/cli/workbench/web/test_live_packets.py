"""Packets in a browser: rows while they come, one packet, one conversation, the whole file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.cli.workbench.web.terminals import REFUSED
from sharklab.lab import help_note
from tests.support.workbench import Bench
from tests.support.workbench_door import DoorHere

DATA = Path(__file__).parents[4] / "data"
CONTENT = (DATA / "refused.pcap").read_bytes()


class Page:
    """What a page has been told."""

    def __init__(self, socket: WebSocketTestSession) -> None:
        self.socket = socket
        self.recording: dict[str, Any] = {}
        self.rows: list[list[Any]] = []
        self.problem, self.display = "", ""

    def ask(self, do: str, **more: str) -> Page:
        """Ask for something."""
        self.problem = ""
        self.socket.send_text(json.dumps({"do": do, **more}))
        return self

    def until(self, is_so: Callable[[Page], bool]) -> Page:
        """Hear until something is so."""
        while not is_so(self):
            told = json.loads(self.socket.receive_text())
            self.recording = told.get("recording", self.recording)
            self.problem = told.get("problem", self.problem)
            if "clear" in told:
                self.rows, self.display = [], told["display"]
            self.rows += told.get("rows", ())
        return self


@pytest.fixture
def browser(kept: Bench) -> Iterator[TestClient]:
    """Return a browser whose requests and WebSockets meet the same application."""
    with kept.browser() as own:
        own.get(kept.at + "/")
        yield own
        if own.portal and hasattr(kept.app.state, "watching"):
            own.portal.call(kept.app.state.watching.close)


@pytest.fixture
def page(kept: Bench, browser: TestClient) -> Iterator[Page]:
    """Return a page that looks at the packets of the server."""
    with browser.websocket_connect(kept.socket("/hosts/server/packets")) as socket:
        yield Page(socket)


def recorded(page: Page, door_here: DoorHere, content: bytes = CONTENT) -> Page:
    """Return the page after a recording has begun and got packets."""
    page.ask("start").until(lambda own: own.recording.get("state") == "runs")
    door_here.tcpdumps.made[-1].grow(content)
    return page.until(lambda own: bool(own.rows))


def test_rows_come_while_packets_come(page: Page, door_here: DoorHere) -> None:
    """The rest of a packet that was cut comes later."""
    page.until(lambda own: own.recording == {"id": 0, "state": "none"})
    half = len(CONTENT) - 7
    recorded(page, door_here, CONTENT[:half])
    count = len(page.rows)
    door_here.tcpdumps.made[-1].grow(CONTENT[half:])
    page.until(lambda own: len(own.rows) == count + 1)
    assert [1, "0.000000"] == page.rows[0][:2] and "open" == page.rows[0][7]
    assert "reset" in [row[7] for row in page.rows]


def test_page_shows_the_next_recording(page: Page, door_here: DoorHere) -> None:
    """In place of the rows of the one before."""
    recorded(page, door_here)
    before = page.recording["id"]
    page.ask("start", filter="tcp").until(lambda own: own.recording["id"] > before and not own.rows)
    door_here.tcpdumps.made[-1].grow(CONTENT)
    page.until(lambda own: bool(own.rows))


def test_filters_are_checked(page: Page, door_here: DoorHere) -> None:
    """Each by the program that takes it; a wrong one changes nothing."""
    page.ask("start", filter="wrong").until(lambda own: "syntax error" in own.problem)
    recorded(page, door_here)
    page.ask("show", filter="no.such.field").until(lambda own: bool(own.problem))
    page.ask("show", filter="tcp.flags.reset == 1").until(lambda own: own.display != "" and bool(own.rows))
    assert ["reset"] == [row[7] for row in page.rows] and 2 == page.rows[0][0]
    page.ask("show", filter="").until(lambda own: own.display == "" and len(own.rows) > 1)


def test_one_packet_is_taken_apart(kept: Bench, browser: TestClient, page: Page, door_here: DoorHere) -> None:
    """And one that is not there is refused."""
    recorded(page, door_here)
    answer = browser.get(kept.at + "/hosts/server/packets/2").text
    assert "<summary>Frame 2: " in answer and '<pre class="bytes" tabindex="0">0000  ' in answer
    assert 422 == browser.get(kept.at + "/hosts/server/packets/99999").status_code


def test_one_conversation_is_a_ladder(
    kept: Bench, browser: TestClient, page: Page, door_here: DoorHere
) -> None:
    """Of the rows that have it."""
    recorded(page, door_here)
    at = kept.at + "/hosts/server/packets/conversation"
    svg = browser.get(at, params={"talk": page.rows[0][8]}).text
    assert svg.startswith("<svg") and "#2" in svg
    refused = browser.get(at, params={"talk": "tcp 1 or frame"})
    assert 422 == refused.status_code


def test_recording_is_downloaded(kept: Bench, browser: TestClient, page: Page, door_here: DoorHere) -> None:
    """As a pcapng of the whole packets."""
    recorded(page, door_here, CONTENT[:-3])
    answer = browser.get(kept.at + "/hosts/server/packets/capture.pcapng")
    assert bytes.fromhex("0a0d0d0a") == answer.content[:4]
    assert "mylab-server.pcapng" in answer.headers["content-disposition"]


def test_recording_is_kept_as_a_capture(
    kept: Bench, browser: TestClient, page: Page, door_here: DoorHere
) -> None:
    """In the folder of the student; a capture that the lab does not have is refused."""
    recorded(page, door_here, CONTENT)
    at = kept.at + "/hosts/server/packets/keep"
    assert "kept-page" == browser.post(at, data={"id": "page"}).headers["hx-trigger"]
    assert CONTENT == (kept.folder / "captures" / "page.pcap").read_bytes()
    assert 422 == browser.post(at, data={"id": "../x"}).status_code


def test_recording_outlives_the_page(kept: Bench, browser: TestClient, door_here: DoorHere) -> None:
    """A page that is loaded again gets its rows again; the end is told to all pages."""
    at = kept.socket("/hosts/server/packets")
    with browser.websocket_connect(at) as socket:
        first = recorded(Page(socket), door_here)
    with browser.websocket_connect(at) as one, browser.websocket_connect(at) as two:
        pages = [Page(one).until(lambda own: len(own.rows) >= len(first.rows)), Page(two)]
        pages[0].ask("stop")
        for each in pages:
            each.until(lambda own: own.recording.get("end") == "stopped")


def test_second_recording_replaces_the_rows_of_the_first(page: Page, door_here: DoorHere) -> None:
    """On the page that looks already, as when a student records one exercise after the other."""
    recorded(page, door_here)
    page.ask("stop").until(lambda own: own.recording.get("end") == "stopped")
    page.ask("start").until(lambda own: own.rows == [] and own.recording.get("id", 0) > 1)
    door_here.tcpdumps.made[-1].grow(CONTENT[:-7])
    page.until(lambda own: bool(own.rows))
    assert 1 == page.rows[0][0]


def test_recording_that_is_no_capture_is_told(
    kept: Bench, browser: TestClient, page: Page, door_here: DoorHere
) -> None:
    """A student is root on the host, so anything may come."""
    page.ask("start").until(lambda own: own.recording.get("id", 0) > 0)
    door_here.tcpdumps.made[-1].grow(b"<script>alert(1)</script>" * 10)
    page.until(lambda own: bool(own.problem))
    assert 422 == browser.get(kept.at + "/hosts/server/packets/1").status_code


def test_nobody_else_sees_packets(kept: Bench, browser: TestClient, page: Page, door_here: DoorHere) -> None:
    """Not even the instructor whom the student lets type in the terminals."""
    help_note.agree("mylab", "alice", help_note.TYPE)
    recorded(page, door_here)
    teacher = kept.browser(Reader("teacher", INSTRUCTOR))
    at = kept.socket("/hosts/server/packets")
    with teacher.websocket_connect(at) as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert REFUSED == closed.value.code
    for path in ("1", "capture.pcapng", "conversation"):
        assert 404 == teacher.get(f"{kept.at}/hosts/server/packets/{path}").status_code
    assert 403 == teacher.post(f"{kept.at}/hosts/server/packets/keep", data={"id": "page"}).status_code


@pytest.mark.parametrize("said", ["", "[]", "null", "{}", '{"do": 1}', "[" * 100_000])
def test_message_that_is_none_ends_the_connection(page: Page, said: str) -> None:
    """Or is left alone, and the application goes on."""
    page.socket.send_text(said)
    page.socket.send_text("{")
    with pytest.raises(WebSocketDisconnect):
        page.until(lambda own: False)


def test_path_of_a_host_without_a_recording_is_not_there(kept: Bench, browser: TestClient) -> None:
    """Nothing is made by asking."""
    assert 404 == browser.get(kept.at + "/hosts/server/packets/1").status_code
