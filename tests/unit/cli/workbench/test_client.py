"""Asking the desk: in this process and behind a door, with files for the desk and for the asker."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli import flow
from sharklab.cli.workbench import client
from sharklab.errors import InputError, SharklabError
from sharklab.hosts.door import server
from sharklab.hosts.door.server import Reply
from sharklab.lab import plan_file

Handles = list[int]


def echo(student: str, request: Mapping[str, Any], handles: Handles) -> Reply:
    """Answer with the request and the content of the files that came."""
    read = [os.pread(handle, 100, 0).decode() for handle in handles]
    return Reply({"student": student, "request": dict(request), "files": read})


def give(student: str, request: Mapping[str, Any], handles: Handles) -> Reply:
    """Answer with a file."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the answer closes it)
    file.write(b"the work")
    file.seek(0)
    return Reply({"name": "work"}, file)


def refuse(student: str, request: Mapping[str, Any], handles: Handles) -> Reply:
    """Refuse."""
    raise InputError("no such seat")


def explain(error: SharklabError, request: Mapping[str, Any]) -> str:
    """Return an error with the language in front."""
    return f"{request['lang']}: {error.message}"


HANDLERS: Mapping[str, server.Handler] = {"echo": echo, "give": give, "refuse": refuse}


@pytest.fixture(params=["here", "door"])
def seats(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[client.Seats]:
    """Return the requests to a desk in this process, then to the same desk behind a door."""
    if request.param == "here":
        yield client.Seats(client.here(HANDLERS, explain))
        return
    door = server.Door(lambda uid: server.Caller(is_front=True), HANDLERS, explain, lambda line: None)
    listener = server.listen(tmp_path / "door")
    threading.Thread(target=door.serve, args=(listener,), daemon=True).start()
    yield client.Seats(client.through_door(str(tmp_path / "door")))
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_request_names_seat_and_language(seats: client.Seats) -> None:
    """All of it comes to the desk, and the student apart from it."""
    answer = seats.ask("echo", "tp1", "alice", "fr", hint="page/handshake")
    expected = {"want": "echo", "lab": "tp1", "student": "alice", "lang": "fr", "hint": "page/handshake"}
    assert {"student": "alice", "request": expected, "files": []} == answer


def test_language_is_english_where_none_is_named(seats: client.Seats) -> None:
    """A request that no reader made has one, too."""
    assert "en" == seats.ask("echo", "tp1", "alice")["request"]["lang"]


def test_file_goes_with_a_request(seats: client.Seats, tmp_path: Path) -> None:
    """The file of the asker stays open."""
    (tmp_path / "x").write_text("my capture")
    with (tmp_path / "x").open("rb") as file:
        assert ["my capture"] == seats.give("echo", "tp1", "alice", "en", file.fileno(), id="x")["files"]
        answer, handles = seats.exchange("echo", "tp1", "alice", "en", file.fileno(), id="x")
        assert (["my capture"], "x", []) == (answer["files"], answer["request"]["id"], handles)
        os.fstat(file.fileno())


def test_file_comes_with_an_answer(seats: client.Seats) -> None:
    """It belongs to the asker, who closes it."""
    answer, handle = seats.open("give", "tp1", "alice")
    with os.fdopen(handle, "rb") as file:
        assert ({"name": "work"}, b"the work") == (answer, file.read())


@pytest.mark.parametrize(
    "call",
    [
        lambda seats: seats.ask("x", "tp1", "alice"),
        lambda seats: seats.give("x", "tp1", "alice", "en", 0),
        lambda seats: seats.open("x", "tp1", "alice"),
    ],
    ids=["ask", "give", "open"],
)
def test_files_that_nobody_wants_are_closed(call: Callable[[client.Seats], object]) -> None:
    """A pipe ends when its last descriptor is closed."""
    pipes = [os.pipe() for _ in range(2)]
    with suppress(client.DeskRefusal):  # of two files where one should come
        call(client.Seats(lambda request, handles=(): ({}, [written for _, written in pipes])))
    for read, _ in pipes:
        os.set_blocking(read, False)
        assert b"" == os.read(read, 1)
        os.close(read)


def test_answer_without_its_file_is_a_refusal(seats: client.Seats) -> None:
    """A page that gives a file has nothing to give, and says so in the reader's language."""
    with pytest.raises(client.DeskRefusal, match="aucun fichier n'est arrivé"):
        seats.open("echo", "tp1", "alice", "fr")


def test_refusal_is_told_in_the_reader_s_language(seats: client.Seats) -> None:
    """The desk has put it into words."""
    with pytest.raises(client.DeskRefusal) as refused:
        seats.ask("refuse", "tp1", "alice", "fr")
    assert "fr: no such seat" == str(refused.value)


def test_door_that_is_not_there_is_a_refusal(tmp_path: Path) -> None:
    """The page tells it where its answer would be, in the reader's language."""
    ask = client.through_door(str(tmp_path / "nothing"))
    said = []
    for language in ("en", "fr"):
        with pytest.raises(client.DeskRefusal) as refused:
            client.Seats(ask).ask("echo", "tp1", "alice", language)
        said.append(str(refused.value))
    assert said[0] != said[1]


def test_plan_of_a_seat_is_read_again(mylab: Path) -> None:
    """The web process has it only as plain data."""
    plan = flow.prepare(str(mylab), "alice")
    answer = Reply(plan_file.to_plain(plan))
    found = client.Seats(client.here({"plan": lambda *_: answer}, explain)).plan("mylab", "alice")
    assert (plan.seat, plan.hosts) == (found.seat, found.hosts)
