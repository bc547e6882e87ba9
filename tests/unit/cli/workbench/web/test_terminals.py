"""Terminals in a browser: the bytes of a shell of this computer, and who may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.cli.workbench.web import terminals
from sharklab.hosts.door.terminal import MESSAGE
from sharklab.lab import help_note
from tests.support.workbench import Bench
from tests.support.workbench_door import DoorHere

TEACHER = Reader("teacher", INSTRUCTOR)


def until(socket: WebSocketTestSession, is_so: Callable[[bytes], bool]) -> bytes:
    """Return all messages, one after the other, until something is so."""
    said = b""
    while not is_so(said):
        message = socket.receive_bytes()
        said += message
        if message[:1] in (b"o", b"p"):
            socket.send_bytes(b"a%d" % (len(message) - 1))
    return said


def opened(bench: Bench, host: str = "server", reader: Reader | None = None) -> Any:
    """Return the WebSocket of a terminal."""
    return bench.browser(reader).websocket_connect(bench.socket(f"/hosts/{host}/terminal"))


@contextmanager
def shown(bench: Bench) -> Iterator[WebSocketTestSession]:
    """Yield the student's terminal as it shows its prompt: nobody can look at one that has not started."""
    with opened(bench) as socket:
        until(socket, lambda said: b"ready" in said)
        yield socket


def test_shell_outlives_the_page(kept: Bench) -> None:
    """The next page finds it where it was, with its past."""
    with opened(kept) as socket:
        until(socket, lambda said: b"ready" in said)
        socket.send_bytes(b"iplace=kept; cd /usr; echo $place-here\n")
        until(socket, lambda said: b"kept-here" in said)
    with opened(kept) as socket:
        assert b"kept-here" in until(socket, lambda said: b"n" in said and b"kept-here" in said)
        socket.send_bytes(b"iecho $place-in-$PWD\n")
        until(socket, lambda said: b"kept-in-/usr" in said)


def test_shell_outlives_the_web_process(
    kept: Bench, door_here: DoorHere, bench_again: Callable[[], Bench]
) -> None:
    """Another application at the same door shows it."""
    with opened(kept) as socket:
        socket.send_bytes(b"iplace=kept; echo $place-here\n")
        until(socket, lambda said: b"kept-here" in said)
    with opened(bench_again()) as socket:
        socket.send_bytes(b"iecho $place-still\n")
        until(socket, lambda said: b"kept-still" in said)
    assert 1 == door_here.keeper.count


def test_end_of_the_shell_closes_with_its_code(kept: Bench) -> None:
    """So the page does not connect again by itself."""
    with opened(kept) as socket:
        until(socket, lambda said: b"ready" in said)
        socket.send_bytes(b"iexit\n")
        with pytest.raises(WebSocketDisconnect) as closed:
            until(socket, lambda said: False)
    assert terminals.ENDED == closed.value.code


def test_refusal_of_the_door_is_told(kept: Bench) -> None:
    """In a sentence, before the close."""
    with opened(kept, "nowhere") as socket:
        assert socket.receive_text()
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert terminals.REFUSED == closed.value.code


def test_nobody_else_sees_a_terminal(kept: Bench, door_here: DoorHere) -> None:
    """Not even the instructor, before the student has agreed."""
    with opened(kept, reader=TEACHER) as socket:
        assert "alice" in socket.receive_text()
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert terminals.REFUSED == closed.value.code and not door_here.keeper.count


def test_watcher_sees_and_does_not_type_until_the_student_says_no(kept: Bench, door_here: DoorHere) -> None:
    """Both sides see who is there. A visit ends at once, also one that says nothing."""
    help_note.agree("mylab", "alice", help_note.SEE)
    with shown(kept) as own, opened(kept, reader=TEACHER) as helper:
        until(own, lambda said: b"teacher" in said)
        helper.send_bytes(b"iecho from-helper\n")
        own.send_bytes(b"iecho from-''student\n")
        assert b"from-helper" not in until(helper, lambda said: b"from-student" in said)
        help_note.agree("mylab", "alice", help_note.NOTHING)
        door_here.keeper.end_visits("mylab", "alice")
        with pytest.raises(WebSocketDisconnect) as closed:
            until(helper, lambda said: False)
    assert terminals.LOST == closed.value.code


def test_helper_types_and_the_size_stays_the_student_s(kept: Bench) -> None:
    """The watcher follows the columns of the student."""
    help_note.agree("mylab", "alice", help_note.TYPE)
    with shown(kept) as own, opened(kept, reader=TEACHER) as helper:
        until(own, lambda said: b"teacher" in said)
        helper.send_bytes(b's{"columns": 20, "rows": 5}')
        helper.send_bytes(b"istty size; echo from-''helper\n")
        assert b"24 80" in until(own, lambda said: b"from-helper" in said)


def test_message_that_is_too_large_is_dropped(kept: Bench) -> None:
    """The terminal goes on."""
    with opened(kept) as socket:
        until(socket, lambda said: b"ready" in said)
        socket.send_bytes(b"i" + b"x" * (2 * MESSAGE))
        socket.send_bytes(b"")
        socket.send_bytes(b"iecho on-''ward\n")
        until(socket, lambda said: b"on-ward" in said)


def test_page_has_an_element_for_each_host(
    kept: Bench, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where a process keeps terminals, and the seat is up."""
    at = "/hosts/server/terminal"
    assert at not in kept.browser().get(kept.at + "/").text
    monkeypatch.setattr("sharklab.lab.plan_file.state_of", lambda folder: ((), ()))
    assert at in kept.browser().get(kept.at + "/").text
    assert at not in bench.browser().get(bench.at + "/").text
