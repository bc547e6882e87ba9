"""Which system `--os auto` is: by a mirror that answers, refuses, or stays silent."""

from __future__ import annotations

import errno
import os
import platform
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.image import choice, rocky
from sharklab.message import Message


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    """Let each test be a command of its own: the mirror is asked once in each."""
    rocky.refusal.cache_clear()
    yield
    rocky.refusal.cache_clear()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve what a mirror of Rocky has, as far as it is asked for."""
    folder = tmp_path / "9" / "BaseOS" / platform.machine() / "os" / "repodata"
    folder.mkdir(parents=True)
    (folder / "repomd.xml").write_text("<repomd/>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    monkeypatch.setenv(rocky.MIRROR, f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take connections and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv(rocky.MIRROR, f"http://127.0.0.1:{server.getsockname()[1]}")
        yield


def test_choose_takes_rocky_where_its_mirror_answers(mirror: None) -> None:
    """And says that it does."""
    name, reason = choice.choose()
    assert ("rocky9", ["mirror"]) == (name, list(reason.values))


def test_choose_without_dnf_says_what_is_missing(mirror: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without dnf and rpm takes Debian rather than fail."""
    monkeypatch.setenv("PATH", "/nowhere")
    name, reason = choice.choose()
    assert ("debian12", {"tools": ["dnf", "rpm", "gpg", "createrepo_c"]}) == (name, reason.values)


def test_choose_takes_debian_where_the_mirror_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is the system's own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv(rocky.MIRROR, f"http://127.0.0.1:{port}")
    name, reason = choice.choose()
    assert ("debian12", os.strerror(errno.ECONNREFUSED)) == (name, str(reason.values["why"]))


def test_choose_does_not_wait_for_a_silent_mirror(silent: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is up it is Debian."""
    monkeypatch.setattr(rocky, "PATIENCE", 0.2)
    name, reason = choice.choose()
    why = reason.values["why"]
    assert ("debian12", True) == (name, why.values == {"seconds": 0.2} or "timed out" == why.msgid)


def test_refusal_asks_once(mirror: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command asks the mirror once, and keeps to what it heard."""
    assert rocky.refusal() is None
    monkeypatch.setenv(rocky.MIRROR, "http://127.0.0.1:1")
    assert rocky.refusal() is None


def refuse(made: str) -> Message:
    """Find a fault of any image."""
    return Message(f"{made} has a fault")


@pytest.mark.parametrize("name", ["debian12", "rocky9", "rocky10"])
def test_made_of_a_named_system_asks_nobody(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names a system gets it without a proof, and hears nothing of mirrors."""
    said: list[Message] = []
    assert name == choice.make_system(name, str, refuse, said.append)
    assert [] == said


def test_made_falls_back_when_rocky_cannot_be_made(mirror: None) -> None:
    """A mirror that answers and then has not all: Debian after all, with both reasons."""
    said: list[Message] = []

    def make(name: str) -> str:
        if name == "rocky9":
            raise MachineryError("no such package")
        return name

    assert "debian12" == choice.make_system("auto", make, refuse, said.append)
    assert ["answers)", "rocky9 cannot be built (no such package); using debian12 instead"] == [
        str(said[0])[-8:],
        str(said[1]),
    ]


def test_made_is_rocky_that_has_proved_itself(mirror: None) -> None:
    """Without a fault it is Rocky, and one line says so."""
    said: list[Message] = []
    assert "rocky9" == choice.make_system("auto", str, lambda made: None, said.append)
    assert ["operating system of the hosts: {name} ({reason})"] == [each.msgid for each in said]


def test_made_falls_back_when_rocky_has_a_fault_here(mirror: None) -> None:
    """One line names the fault; the other system needs no proof."""
    said: list[Message] = []
    assert "debian12" == choice.make_system("auto", str, refuse, said.append)
    assert "{name} does not work here ({fault}); using {other} instead" == said[1].msgid
    assert ("rocky9", "rocky9 has a fault", 2) == (
        said[1].values["name"],
        str(said[1].values["fault"]),
        len(said),
    )


def test_made_asks_no_proof_of_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no mirror answers, Debian is taken as it is."""
    monkeypatch.setattr(choice, "choose", lambda: ("debian12", Message("no mirror")))
    said: list[Message] = []
    assert "debian12" == choice.make_system("auto", str, refuse, said.append)
    assert 1 == len(said)
