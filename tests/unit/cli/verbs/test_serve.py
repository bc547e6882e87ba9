"""The verb `serve`: what it refuses before it prints a link, and the links that it makes."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.cli.workbench import browser, javascript, server
from sharklab.cli.workbench.desk import class_desk, class_links
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import seat_provider
from tests.support.command import refusal, tell


@pytest.fixture(autouse=True)
def no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    """The JavaScript is another test's matter."""
    monkeypatch.setattr(javascript, "install", lambda progress: {})


def test_unknown_lab_is_refused_first(mylab: Path) -> None:
    """Nothing listens for a lab that is none."""
    error = refusal(InputError, "serve", "nolab", "--student", "alice")
    assert "nolab" in error.values.values()


def test_port_in_use_is_named(mylab: Path) -> None:
    """Another program has the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = refusal(MachineryError, "serve", str(mylab), "--student", "alice", "--port", str(port))
    assert f"127.0.0.1:{port}" == error.place


@pytest.mark.parametrize("quiet", [True, False])
def test_link_is_told_and_opened(
    mylab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quiet: bool
) -> None:
    """The link on the terminal is the one that the browser opens, and its token is a reader's."""
    opened: list[str] = []
    served: list[dict[str, Any]] = []
    monkeypatch.setattr(browser, "open_link", opened.append)

    def note(own: server.Workbench, listener: socket.socket, files: dict[str, Path], *_: str) -> None:
        listener.close()
        served.append(own.settings(files))

    monkeypatch.setattr(server.Workbench, "run", note)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["serve", str(mylab), "--student", "alice", "--port", str(port)]
    told = tell(capsys, *words, *(["--no-browser"] if quiet else []))
    assert ([] if quiet else [told["link"]]) == opened
    [settings] = served
    assert told["link"].startswith(f"http://127.0.0.1:{port}/enter/")
    expected = {"name": "alice", "role": "student", "seats": [["mylab", "alice"]], "epoch": 0}
    assert {told["link"].rpartition("/")[2]: expected} == settings["links"]


def serve_class(
    mylab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[str, str | None]:
    """Serve a class of one, and return the token of the instructor and the provider of new seats."""
    providers: list[str | None] = []
    make = class_desk.make

    def note(*given: Any) -> Any:
        providers.append(given[-1])
        return make(*given)

    monkeypatch.setattr(class_desk, "make", note)
    monkeypatch.setattr(server.Workbench, "run", lambda own, listener, *_: listener.close())
    (mylab / "roster.csv").write_text("student,name,email\nalice,Alice,\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    words = ("serve", str(mylab), "--roster", str(mylab / "roster.csv"), "--port", port, "--no-browser")
    link = str(tell(capsys, *words, *more)["link"])
    assert link.startswith(f"http://127.0.0.1:{port}/enter/")
    return link.rpartition("/")[2], providers[-1]


def test_link_of_the_instructor_is_the_same_until_it_is_used(
    mylab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a new start, too."""
    first, _ = serve_class(mylab, monkeypatch, capsys)
    assert first == serve_class(mylab, monkeypatch, capsys)[0]
    reader = class_links.use("mylab", ["alice"], first)
    assert reader and reader.is_instructor
    assert first != serve_class(mylab, monkeypatch, capsys)[0]


def test_class_takes_the_provider_that_serve_is_told(
    mylab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the option it is found when a seat starts, so a seat of an unknown one stops nothing."""
    assert None is serve_class(mylab, monkeypatch, capsys)[1]
    assert "cluster" == serve_class(mylab, monkeypatch, capsys, "--provider", "cluster")[1]
    seat_provider.write(state.folder(state.seat_folder("mylab", "alice")), "cloud")
    assert None is serve_class(mylab, monkeypatch, capsys)[1]
    words = ("serve", str(mylab), "--roster", str(mylab / "roster.csv"), "--no-browser")
    for wrong in ("cloud", "cluster"):
        assert refusal(InputError, *words, "--provider", wrong)
    for option in ("--provider", "--remote"):
        assert option == refusal(InputError, "serve", str(mylab), option, "cluster").place
