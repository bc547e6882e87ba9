"""The verb `serve`: what it refuses before it prints a link, and the links that it makes."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli.workbench import browser, javascript, server
from sharklab.errors import InputError, MachineryError
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
