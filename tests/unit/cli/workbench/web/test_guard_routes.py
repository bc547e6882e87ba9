"""Every route and socket of a class, for every reader: who gets an answer, and who gets none.

The table names each route of the application. A new route without a line here fails the first test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from tests.support.workbench import Bench
from tests.support.workbench_door import DoorHere

ALICE = Reader("alice", seats=frozenset({("mylab", "alice")}))
BOB = Reader("bob", seats=frozenset({("mylab", "bob")}))
FORMER = Reader("alice", seats=frozenset({("mylab", "alice")}), epoch=7)
TEACHER = Reader("instructor", INSTRUCTOR)
READERS = {"nobody": None, "former": FORMER, "alice": ALICE, "bob": BOB, "instructor": TEACHER}

OPEN = dict.fromkeys(READERS, 0)
KNOWN = {"nobody": 401, "former": 401, "alice": 0, "bob": 0, "instructor": 0}
CLASS = {"nobody": 401, "former": 401, "alice": 404, "bob": 404, "instructor": 0}
READ = {"nobody": 401, "former": 401, "alice": 0, "bob": 404, "instructor": 0}
WRITE = {"nobody": 401, "former": 401, "alice": 0, "bob": 404, "instructor": 403}
"""The status of the guard's refusal for each reader, 0 for an answer of the route; the seat is alice's."""

SEAT = "/seats/{lab}/{student}"
HOST = f"{SEAT}/hosts/{{host}}"
TABLE = {
    ("GET", "/"): KNOWN,
    ("GET", "/enter/{token}"): OPEN,
    ("POST", "/enter"): OPEN,
    ("POST", "/language"): KNOWN,
    ("GET", "/static/{name}"): OPEN,
    ("GET", f"{SEAT}/"): READ,
    ("GET", f"{SEAT}/hosts"): READ,
    ("POST", f"{SEAT}/answers"): WRITE,
    ("POST", f"{SEAT}/check"): WRITE,
    ("POST", f"{SEAT}/hints"): WRITE,
    ("GET", f"{SEAT}/captures"): READ,
    ("POST", f"{SEAT}/captures"): WRITE,
    ("GET", f"{SEAT}/captures/{{name}}"): READ,
    ("POST", f"{SEAT}/solve"): WRITE,
    ("POST", f"{SEAT}/reset"): WRITE,
    ("POST", f"{SEAT}/hand-in"): WRITE,
    ("GET", f"{SEAT}/bundle"): READ,
    ("GET", f"{SEAT}/notes"): READ,
    ("POST", f"{SEAT}/help"): WRITE,
    ("POST", f"{SEAT}/agree"): WRITE,
    ("POST", f"{SEAT}/read"): WRITE,
    ("GET", f"{SEAT}/feedback"): READ,
    ("SOCKET", f"{SEAT}/news"): READ,
    ("SOCKET", f"{HOST}/terminal"): READ,
    ("SOCKET", f"{HOST}/packets"): READ,
    ("GET", f"{HOST}/packets/capture.pcapng"): READ,
    ("POST", f"{HOST}/packets/keep"): WRITE,
    ("GET", f"{HOST}/packets/conversation"): READ,
    ("GET", f"{HOST}/packets/{{number:int}}"): READ,
    ("GET", "/class/"): CLASS,
    ("GET", "/class/rows"): CLASS,
    ("POST", "/class/links/{student}"): CLASS,
    ("POST", "/class/seats"): CLASS,
    ("GET", "/class/seats/{student}/"): CLASS,
    ("POST", "/class/seats/{student}/{action}"): CLASS,
    ("POST", "/class/helped/{student}"): CLASS,
    ("POST", "/class/messages"): CLASS,
    ("GET", "/class/gradebook"): CLASS,
    ("GET", "/class/gradebook/{name:path}"): CLASS,
    ("POST", "/class/grade"): CLASS,
    ("POST", "/class/feedback"): CLASS,
    ("SOCKET", "/class/news"): CLASS,
}


@pytest.fixture
def bench(mylab: Path, tmp_path: Path, door_here: DoorHere) -> Bench:
    """Return the workbench of a class of two, with terminals and packets."""
    names = {"alice": "Alice", "bob": "Bob"}
    return Bench(str(mylab), "alice", tmp_path / "work", keeper=str(door_here.path), names=names)


def routes(bench: Bench) -> Iterator[tuple[str, str]]:
    """Yield the method and the path of each route of the application."""
    for route in bench.app.routes:
        if isinstance(route, WebSocketRoute):
            yield "SOCKET", route.path
        elif isinstance(route, Route):
            yield from ((method, route.path) for method in (route.methods or set()) - {"HEAD"})


def test_table_names_every_route(bench: Bench) -> None:
    """And no other."""
    assert set(TABLE) == set(routes(bench))


def example(path: str) -> str:
    """Return the path for the seat of alice."""
    names = {"lab": "mylab", "student": "alice", "host": "server", "token": "x", "name": "x", "action": "x"}
    for name, value in {**names, "number:int": "1", "name:path": "x"}.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def status(bench: Bench, reader: str, method: str, path: str) -> int:
    """Return the status of the guard's refusal for a reader, 0 without one."""
    found = READERS[reader]
    browser = bench.browser(found) if found else bench.stranger()
    if method != "SOCKET":
        answer = browser.request(method, example(path))
        return answer.status_code if '<main id="main" class="card">' in answer.text else 0
    try:
        with browser.websocket_connect(f"{bench.site.origin.replace('http', 'ws')}{example(path)}"):
            return 0
    except WebSocketDisconnect as closed:
        return int(closed.reason) if closed.code == 1008 else 0


@pytest.mark.parametrize("reader", READERS)
def test_each_reader_reaches_what_is_theirs(
    bench: Bench, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Route by route, socket by socket. No request of a reader without the right changes anything."""
    for name in ("up", "solve"):
        monkeypatch.setattr(f"sharklab.cli.flow.{name}", lambda *_: None)
    found = {
        (method, path): status(bench, reader, method, path)
        for method, path in TABLE
        if not path.startswith(("/enter", "/language"))
    }
    assert {key: TABLE[key][reader] for key in found} == found


@pytest.mark.parametrize("path", [f"{HOST}/terminal", f"{HOST}/packets"])
def test_instructor_sees_nothing_of_a_host(bench: Bench, door_here: DoorHere, path: str) -> None:
    """The guard lets the instructor pass, and the route refuses: the student has shown nothing."""
    browser = bench.browser(TEACHER)
    with (
        browser.websocket_connect(f"{bench.site.origin.replace('http', 'ws')}{example(path)}") as socket,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        socket.receive_text()
        socket.receive_text()
    assert 4403 == closed.value.code and not door_here.keeper.count


@pytest.mark.parametrize("path", ["capture.pcapng", "conversation", "1"])
def test_instructor_gets_no_packet(bench: Bench, path: str) -> None:
    """Also of a recording that runs."""
    assert 404 == bench.browser(TEACHER).get(f"/seats/mylab/alice/hosts/server/packets/{path}").status_code
