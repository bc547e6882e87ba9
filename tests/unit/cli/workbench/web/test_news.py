"""News of a class: a page hears a word after each change of its student, and none of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from sharklab.cli.workbench.desk import class_links
from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.cli.workbench.web import news
from sharklab.cli.workbench.web.terminals import REFUSED
from tests.support import workbench

TEACHER = Reader("instructor", INSTRUCTOR)
BOB = Reader("bob", seats=frozenset({("mylab", "bob")}))


@pytest.fixture
def bench(mylab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> workbench.Bench:
    """Return the workbench of a class of two; nobody waits long for the next look."""
    monkeypatch.setattr(news, "PAUSE", 0.01)
    monkeypatch.setattr(news, "LOOK", 0.05)
    names = {"alice": "Alice", "bob": "Bob"}
    return workbench.Bench(str(mylab), "alice", tmp_path / "work", names=names)


def listening(bench: workbench.Bench, reader: Reader, path: str = "/seats/mylab/bob/news") -> Any:
    """Return the connection of a page that listens."""
    return bench.browser(reader).websocket_connect(f"{bench.site.origin.replace('http', 'ws')}{path}")


@pytest.mark.parametrize(
    ("reader", "path"),
    [(BOB, "/seats/mylab/bob/news"), (TEACHER, "/class/news"), (TEACHER, "/seats/mylab/bob/news")],
)
def test_page_hears_of_a_change(bench: workbench.Bench, reader: Reader, path: str) -> None:
    """A second change has a word of its own."""
    with listening(bench, reader, path) as socket:
        for _ in range(2):
            bench.browser(BOB).post("/seats/mylab/bob/help", data={"up": "yes"})
            assert "changed" == socket.receive_text()


def test_page_hears_nothing_of_other_students(bench: workbench.Bench) -> None:
    """The word after a change of another student is of its own change."""
    heard: list[str] = []
    tell = bench.app.state.news._tell

    def note(students: set[str]) -> None:
        heard.extend(students)
        tell(students)

    bench.app.state.news._tell = note
    with listening(bench, BOB) as socket:
        bench.of_class.changes.note("alice")
        while "alice" not in heard:
            pass
        bench.of_class.changes.note("bob")
        assert "changed" == socket.receive_text()
        assert "bob" in heard


def test_connection_ends_with_its_cookie(bench: workbench.Bench) -> None:
    """A new link closes the pages of the older one."""
    with listening(bench, BOB) as socket:
        class_links.renew("mylab", "bob")
        bench.app.state.epochs._asked -= 60
        bench.browser(BOB).get("/seats/mylab/bob/")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert REFUSED == closed.value.code
