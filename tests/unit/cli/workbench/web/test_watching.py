"""Recordings that browsers watch: one for all viewers, as the door has it, until the last one has gone."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli.workbench.web import watching
from sharklab.cli.workbench.web.door_client import DoorClient
from sharklab.cli.workbench.web.watching import Watched, Watching
from sharklab.errors import MachineryError

PLACE = ("mylab", "alice", "server")
LIMIT = 60
"""Seconds after which a test fails that waits for something."""


class Door(DoorClient):
    """Stands in for the door: `recording` is the answer to the next requests, with a file if it has an id."""

    def __init__(self) -> None:
        super().__init__("", lambda: None)
        self.recording: dict[str, Any] = {"id": 0}
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.streams: list[socket.socket] = []
        self.faults, self.is_slow = 0, False

    async def ask(self, want: str, student: str, **request: Any) -> tuple[dict[str, Any], list[int]]:
        """Answer with the recording. Raises MachineryError as often as `faults` says."""
        self.asked.append((want, student, request))
        if self.faults:
            self.faults -= 1
            raise MachineryError("no answer")
        given = [os.memfd_create(f"recording {id(self)}")] if self.recording["id"] else []
        return dict(self.recording), given

    async def connect(self, want: str, student: str, **request: Any) -> socket.socket:
        """Answer with a stream of rows, which has none; its decoder reads at once, unless it is slow."""
        self.asked.append((want, student, request))
        ours, theirs = socket.socketpair()
        if not self.is_slow:
            ours.sendall(b"\n")
        self.streams.append(ours)
        return theirs

    @property
    def open_files(self) -> list[int]:
        """The descriptors of files that were given and are open (memfd_create(2))."""
        name = f"/memfd:recording {id(self)} (deleted)"
        found: list[int] = []
        for link in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # that of the folder itself
                found += [int(link.name)] if name == str(link.readlink()) else []
        return found


def run(test: Callable[[Watching, Door], Awaitable[None]]) -> None:
    """Run a test in an event loop; no file stays open."""

    async def main() -> None:
        door = Door()
        own = Watching(door)
        try:
            await asyncio.wait_for(test(own, door), LIMIT)
        finally:
            await own.close()
            for stream in door.streams:
                stream.close()
        assert not door.open_files

    asyncio.run(main())


async def until(watched: Watched, is_so: Callable[[], bool]) -> None:
    """Return when something is so of a recording that tells each change."""
    while not is_so():
        await watched.changed.wait()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often whether a recording still runs."""
    monkeypatch.setattr(watching, "LOOK", 0.001)


def test_host_without_a_recording_has_no_rows() -> None:
    """The door is asked about the host, in the language of the reader."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        await watched.refresh("fr")
        assert ({"id": 0}, None) == (watched.shown, watched.live)
        assert [("recording", "alice", {"lab": "mylab", "host": "server", "lang": "fr"})] == door.asked

    run(test)


def test_recording_that_begins_is_decoded() -> None:
    """By a decoder that started before it. All who wait hear of it; its file stays open, and no other one."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        changed, door.recording = watched.changed, {"id": 1, "end": ""}
        await watched.start("lan", "icmp", "en")
        assert changed.is_set() and not watched.changed.is_set()
        place = {"lab": "mylab", "host": "server", "lang": "en"}
        assert [
            ("decode", "alice", {**place, "display": "", "next": True}),
            ("record", "alice", {**place, "network": "lan", "filter": "icmp"}),
        ] == door.asked[:2]
        live = watched.live
        await watched.refresh("en")
        assert live and live is watched.live and [live.file] == door.open_files
        assert 1 == len(door.streams)

    run(test)


def test_recording_runs_for_its_viewers_when_its_decoder_reads() -> None:
    """Before that it starts, and the page does not promise rows."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        assert "none" == watched.state
        door.is_slow, door.recording = True, {"id": 1, "end": ""}
        starting = asyncio.create_task(watched.start("", "", "en"))
        await until(watched, lambda: watched.shown["id"] == 1)
        assert "starts" == watched.state and not starting.done()
        door.streams[0].sendall(b"\n")
        await starting
        assert "runs" == watched.state

    run(test)


@pytest.mark.parametrize("has_ended", [False, True])
def test_decoder_that_never_reads_holds_up_no_recording(
    has_ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is slow, or has ended: tcpdump records, so the page says so."""
    monkeypatch.setattr(watching, "READS", LIMIT if has_ended else 0.01)

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        door.is_slow, door.recording = True, {"id": 1, "end": ""}
        starting = asyncio.create_task(watched.start("", "", "en"))
        await until(watched, lambda: watched.shown["id"] == 1)
        if has_ended:
            door.streams[0].close()
        await starting
        assert "runs" == watched.state

    run(test)


def test_next_recording_takes_the_place_of_the_one_before() -> None:
    """Its rows are new ones; the file of the one before is closed."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        door.recording = {"id": 1, "end": "stopped"}
        await watched.refresh("en")
        first, door.recording = watched.live, {"id": 2, "end": "stopped"}
        await watched.start("", "", "en")
        assert first and watched.live and first is not watched.live
        assert (-1, [watched.live.file], 2) == (first.file, door.open_files, watched.shown["id"])

    run(test)


def test_refusal_of_the_door_changes_nothing() -> None:
    """The rows stay."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        door.recording = {"id": 1, "end": "stopped"}
        await watched.refresh("en")
        live, door.faults = watched.live, 1
        with pytest.raises(MachineryError):
            await watched.start("", "wrong", "en")
        assert live is watched.live and (1, "stopped") == (watched.shown["id"], watched.state)
        await asyncio.wait_for(watched.refresh("en"), LIMIT)

    run(test)


def test_end_is_seen_without_a_question_of_a_viewer() -> None:
    """Also when the door is away for a while; then the end of the decoder is no failure."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        door.recording = {"id": 1, "end": ""}
        await watched.refresh("en")
        door.faults, door.recording = 2, {"id": 1, "end": "full"}
        await until(watched, lambda: watched.shown.get("end") == "full")
        assert 0 == door.faults and watched.live
        door.streams[0].close()
        task: Any = watched.live._task
        await task
        assert not watched.live.has_failed

    run(test)


@pytest.mark.parametrize("other", [{"id": 0}, {"id": 2, "end": ""}])
def test_recording_that_the_door_has_no_more_is_over(other: dict[str, Any]) -> None:
    """The process behind the door was started again, or the seat is gone. The rows stay."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        door.recording = {"id": 1, "network": "lan", "end": ""}
        await watched.refresh("en")
        door.recording = other
        await until(watched, lambda: bool(watched.shown.get("end")))
        assert {"id": 1, "network": "lan", "end": "failed"} == watched.shown and watched.live

    run(test)


def test_stop_ends_the_recording_for_all() -> None:
    """Its rows stay, and nobody looks for its end any more."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        door.recording = {"id": 1, "end": ""}
        await watched.refresh("en")
        door.recording = {"id": 1, "end": "stopped"}
        await watched.stop("en")
        assert ("stopped", True) == (watched.shown["end"], watched.live is not None)
        poll: Any = watched._poll
        await poll
        door.streams[0].close()
        assert watched.live
        task: Any = watched.live._task
        await task
        assert not watched.live.has_failed
        assert "stop" in [want for want, *_ in door.asked]

    run(test)


def test_filter_is_told_to_the_decoder() -> None:
    """In the language of whoever asked; without a recording there is nothing to show."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        await watched.show("tcp", "fr")
        assert not door.asked
        door.recording = {"id": 1, "end": "stopped"}
        await watched.refresh("en")
        changed = watched.changed
        await watched.show("icmp", "fr")
        want, _, request = door.asked[-1]
        assert ("decode", "icmp", "fr", True) == (want, request["display"], request["lang"], changed.is_set())
        assert watched.live and "icmp" == watched.live.display

    run(test)


def test_recording_is_shared_by_its_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes with the last one, not with the first; another host has its own."""
    monkeypatch.setattr(watching, "PATIENCE", 0.0)

    async def test(own: Watching, door: Door) -> None:
        assert own.find(PLACE) is None
        watched = own.join(PLACE)
        assert own.join(PLACE) is own.find(PLACE) is watched and 2 == watched.viewers
        assert watched is not own.join(("mylab", "alice", "client"))
        door.recording = {"id": 1, "end": "stopped"}
        await watched.refresh("en")
        own.leave(PLACE)
        await turns()
        assert own.find(PLACE) is watched and watched.live
        own.leave(PLACE)
        await turns()
        assert own.find(PLACE) is None and watched.live is None

    run(test)


async def turns() -> None:
    """Let all callbacks that are due run, and what they begin."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, done.set)
    await done.wait()


def test_page_that_is_loaded_again_finds_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes back before the rows go."""
    monkeypatch.setattr(watching, "PATIENCE", 0.0)

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        own.leave(PLACE)
        assert watched is own.join(PLACE)
        await turns()
        assert watched is own.find(PLACE)

    run(test)


def test_end_of_the_application_lets_all_go() -> None:
    """The door keeps the recordings."""

    async def test(own: Watching, door: Door) -> None:
        watched = own.join(PLACE)
        door.recording = {"id": 1, "end": ""}
        await watched.refresh("en")
        await own.close()
        assert (None, []) == (own.find(PLACE), door.open_files)

    run(test)
