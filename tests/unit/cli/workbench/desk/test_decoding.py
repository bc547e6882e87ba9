"""Decoding a recording while it grows. `cat` stands in for tshark: each byte of the file comes out again."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharklab.cli.workbench.desk import decoding
from sharklab.errors import InputError
from sharklab.evidence.packets import display_filter, live_rows
from sharklab.hosts.door import recordings as door_recordings
from sharklab.hosts.door.recordings import LONGEST_FILTER, Recordings
from sharklab.hosts.providers.remote import Machine
from sharklab.hosts.recording import Order
from tests.support.errors import error_of
from tests.support.workbench_door import Tcpdump, Tcpdumps

PLACE = ("lab", "alice", "server")
REQUEST = {"lab": "lab", "host": "server"}
HEAD = b"the head of a recording."
GREETING = {HEAD + b"\n", b"\n" + HEAD}
"""The head, and the line that says that it was read: `cat` prints the head, which tshark does not."""


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the display filters of the decoders that were started."""
    found: list[str] = []

    def command(display: str) -> list[str]:
        found.append(display)
        return ["cat"]

    monkeypatch.setattr(live_rows, "command", command)
    monkeypatch.setattr(display_filter, "check", lambda display: None)
    return found


@pytest.fixture
def made() -> Tcpdumps:
    """Return the makers of recordings, whose first bytes are `HEAD`."""
    return Tcpdumps(HEAD)


@pytest.fixture
def kept(
    tmp_path: Path, made: Tcpdumps, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Recordings]:
    """Keep one recording."""
    monkeypatch.setattr(door_recordings, "LOOK", 0.01)
    own = Recordings(tmp_path / "live", made)
    record(own, made)
    yield own
    own.forget_seat("lab", "alice")


def record(own: Recordings, made: Tcpdumps) -> Tcpdump:
    """Begin a recording in place of the one before."""
    own.start(PLACE, Machine("server", Path("config")), "lan", Order("lan", ""))
    return made.made[-1]


def decoded(own: Recordings, display: str = "") -> socket.socket:
    """Return the stream of a decoder, as the door gives it."""
    stream = decoding.handler(own)("alice", {**REQUEST, "display": display}, []).handle
    assert isinstance(stream, socket.socket)
    stream.settimeout(60)
    return stream


def take(stream: socket.socket, count: int) -> bytes:
    """Return the next bytes."""
    found = b""
    while len(found) < count and (piece := stream.recv(count - len(found))):
        found += piece
    return found


def greet(stream: socket.socket) -> socket.socket:
    """Return a stream of a decoder after its greeting."""
    assert take(stream, len(HEAD) + 1) in GREETING
    return stream


def rest(stream: socket.socket) -> bytes:
    """Return all that still comes."""
    return b"".join(iter(lambda: stream.recv(1 << 16), b""))


def test_decoder_gets_what_the_recording_gets(kept: Recordings, made: Tcpdumps, shown: list[str]) -> None:
    """From its beginning until it ends, and then the stream ends."""
    made.made[0].grow(b"one")
    with greet(decoded(kept, " icmp ")) as stream:
        assert b"one" == stream.recv(100)
        made.made[0].grow(b"two")
        assert b"two" == stream.recv(100)
        made.made[0].grow(b"three")
        kept.stop(PLACE)
        assert b"three" == rest(stream)
    assert ["icmp"] == shown


def test_recording_that_has_ended_is_decoded_whole(kept: Recordings, made: Tcpdumps) -> None:
    """However many pieces it has."""
    content = b"x" * (2 * decoding.PIECE + 1)
    made.made[0].grow(content)
    kept.stop(PLACE)
    with greet(decoded(kept)) as stream:
        assert content == rest(stream)


def test_next_recording_ends_the_decoder_of_the_one_before(kept: Recordings, made: Tcpdumps) -> None:
    """Nothing of the next one comes."""
    made.made[0].grow(b"old")
    with greet(decoded(kept)) as stream:
        assert b"old" == stream.recv(100)
        record(kept, made).grow(b"new")
        assert b"" == rest(stream)


def test_decoder_of_the_next_recording_is_there_before_it(
    kept: Recordings, made: Tcpdumps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts at once, and gets nothing of the recording before."""
    monkeypatch.setattr(live_rows, "command", lambda display: ["sh", "-c", "echo ready; exec cat"])
    made.made[0].grow(b"old")
    answer = decoding.handler(kept)("alice", {**REQUEST, "display": "", "next": True}, []).handle
    assert isinstance(answer, socket.socket)
    with answer as stream:
        stream.settimeout(60)
        assert b"ready\n" == stream.recv(100)
        tcpdump = record(kept, made)
        greet(stream)
        tcpdump.grow(b"new")
        assert b"new" == stream.recv(100)


def test_decoder_says_that_it_reads_when_it_has_taken_the_head(
    kept: Recordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before: a packet that comes then is a row at once."""
    os.mkfifo(tmp_path / "go")
    words = ["sh", "-c", f"read go < {tmp_path}/go; cat > /dev/null"]
    monkeypatch.setattr(live_rows, "command", lambda display: words)
    with decoded(kept) as stream, (tmp_path / "go").open("w") as go:  # it opens when the program does
        stream.settimeout(0)
        with pytest.raises(BlockingIOError):
            stream.recv(1)
        stream.settimeout(60)
        print("go", file=go, flush=True)
        assert b"\n" == stream.recv(100)


def test_decoder_ends_with_its_reader_when_no_recording_begins(kept: Recordings) -> None:
    """For example after a filter that tcpdump refused."""
    ours, theirs = socket.socketpair()
    theirs.close()
    assert feed(kept, ours, before=1).acquire(blocking=False)


def feed(own: Recordings, target: socket.socket, before: int | None = None) -> threading.BoundedSemaphore:
    """Decode in this thread, and return the places, of which it had the only one."""
    places = threading.BoundedSemaphore(1)
    assert places.acquire(blocking=False)
    decoding.feed(own, PLACE, before, target, "", places)
    assert -1 == target.fileno()
    return places


def test_decoder_ends_with_its_reader(kept: Recordings) -> None:
    """The recording goes on; the place is free for the next reader."""
    ours, theirs = socket.socketpair()
    theirs.close()
    assert feed(kept, ours).acquire(blocking=False)
    assert 1 == kept.running


def test_decoder_that_does_not_read_ends_with_its_reader(
    kept: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed: it could wait for something else for ever."""
    monkeypatch.setattr(live_rows, "command", lambda display: ["sleep", "600"])
    ours, theirs = socket.socketpair()
    theirs.close()
    assert feed(kept, ours).acquire(blocking=False)


def test_decoder_that_ends_first_is_told_by_the_end_of_its_stream(
    kept: Recordings, made: Tcpdumps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A capture that is none ends tshark, while the host still sends."""
    monkeypatch.setattr(live_rows, "command", lambda display: ["head", "-c", str(len(HEAD) + 3)])
    made.made[0].grow(b"x" * (1 << 20))
    ours, theirs = socket.socketpair()
    with theirs:
        assert feed(kept, ours).acquire(blocking=False)
        assert b"xxx" == rest(greet(theirs))


def test_place_is_free_again_when_no_decoder_starts(
    kept: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A computer without the program has one error, not one for each place."""
    monkeypatch.setattr(live_rows, "command", lambda display: ["/nowhere/tshark"])
    places = threading.BoundedSemaphore(1)
    assert places.acquire(blocking=False)
    ours, theirs = socket.socketpair()
    with theirs, pytest.raises(FileNotFoundError):
        decoding.feed(kept, PLACE, None, ours, "", places)
    assert places.acquire(blocking=False) and -1 == ours.fileno()


def test_number_of_decoders_is_bounded(kept: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused."""
    monkeypatch.setattr(decoding, "MOST", 1)
    decode = decoding.handler(kept)
    first = decode("alice", REQUEST, []).handle
    assert first
    with first:
        error = error_of(InputError, decode, "alice", REQUEST, [])
    assert "too many packets are shown at once" == error.message_id


def test_host_without_a_recording_has_nothing_to_decode(kept: Recordings, shown: list[str]) -> None:
    """Another student's recording is not there either."""
    error_of(InputError, decoding.handler(kept), "bob", REQUEST, [])
    assert not shown


@pytest.mark.parametrize("display", ["x" * (LONGEST_FILTER + 1), "tcp\nudp", "tcp\x00"])
def test_filter_is_one_short_line(kept: Recordings, shown: list[str], display: str) -> None:
    """Before any program sees it."""
    error = error_of(InputError, decoding.handler(kept), "alice", {**REQUEST, "display": display}, [])
    assert ("filter", LONGEST_FILTER) == (error.place, error.values["most"])
    assert not shown


def test_filter_is_checked_by_wireshark(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is no filter to check."""
    found: list[str] = []
    monkeypatch.setattr(display_filter, "check", found.append)
    for display in ("", "tcp", "x" * LONGEST_FILTER):
        decoding.check(display)
    assert ["tcp", "x" * LONGEST_FILTER] == found
