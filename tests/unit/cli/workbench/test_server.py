"""The workbench that is served: its socket, its links, and the start of the process that answers browsers."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest

from sharklab.cli.workbench import server
from sharklab.cli.workbench.identity import to_plain
from sharklab.errors import MachineryError
from tests.support.errors import error_of
from tests.support.workbench import Bench


@pytest.mark.parametrize(("address", "port"), [("127.0.0.1", 70_000), ("192.0.2.1", 0)])
def test_place_that_is_not_ours_is_named(address: str, port: int) -> None:
    """The error has the place, whatever is wrong with it."""
    assert f"{address}:{port}" == error_of(MachineryError, server.listen, address, port).place


def test_links_are_settings_of_the_web_process(bench: Bench) -> None:
    """Each has a token of its own; the cookies of a server that was started again still count."""
    own = server.Workbench(bench.site, {})
    links = [own.link(bench.reader()) for _ in range(2)]
    settings = own.settings({})
    tokens = [link.removeprefix(f"{bench.site.origin}/enter/") for link in links]
    assert dict.fromkeys(tokens, to_plain(bench.reader())) == settings["links"] and 2 == len(
        settings["links"]
    )
    assert settings["key"] == server.Workbench(bench.site, {}).settings({})["key"]
    assert 64 == len(settings["key"])


def test_settings_are_not_in_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold secrets; the socket is given by its number."""
    program = "import os, sys; os.fstat(int(sys.argv[1])); sys.exit(len(sys.stdin.read()))"
    monkeypatch.setattr(server, "COMMAND", (sys.executable, "-c", program))
    settings = {"key": "secret"}
    with socket.socket() as listener:
        child = server._start(listener, settings)
    assert len(json.dumps(settings)) == child.wait(60)
    assert "secret" not in " ".join(child.args)  # type: ignore[arg-type]


@pytest.mark.parametrize("command", ["exit 3", "kill -KILL $$"])
def test_web_process_that_fails_is_an_error(command: str) -> None:
    """With its code."""
    with subprocess.Popen(["sh", "-c", command]) as child:
        error = error_of(MachineryError, server._wait, child)
    assert error.values["code"] in (3, -signal.SIGKILL)


@pytest.mark.parametrize("command", ["exit 0", "kill -INT $$", "kill -TERM $$"])
def test_web_process_that_is_ended_is_none(command: str) -> None:
    """By the signals that end a server."""
    with subprocess.Popen(["sh", "-c", command]) as child:
        server._wait(child)
