"""Recordings behind the door: one for each host, in a file that only grows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.hosts.door import recordings as module
from sharklab.hosts.door.recordings import Recordings, Shown
from sharklab.hosts.providers.remote import Machine
from sharklab.hosts.recording import Order
from sharklab.limits import CaptureLimits
from tests.support.errors import error_of
from tests.support.workbench_door import Tcpdumps

PLACE = ("lab", "alice", "server")
MACHINE, ORDER = Machine("server", Path("config")), Order("lan", "icmp")


@pytest.fixture
def made() -> Tcpdumps:
    """Return the makers of recordings."""
    return Tcpdumps()


@pytest.fixture
def kept(tmp_path: Path, made: Tcpdumps, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recordings]:
    """Keep recordings, and look often how they are."""
    monkeypatch.setattr(module, "LOOK", 0.01)
    own = Recordings(tmp_path / "live", made)
    yield own
    own.forget_seat("lab", "alice")


def end_of(kept: Recordings) -> str:
    """Return why the recording has ended, when it has."""
    kept._kept[PLACE].ended.wait(60)
    shown = kept.look(PLACE)
    return shown.end if shown else "gone"


def test_a_reader_follows_the_file_and_cannot_change_it(kept: Recordings, made: Tcpdumps) -> None:
    """Each reader has a place of its own."""
    shown = kept.start(PLACE, MACHINE, "lan", ORDER)
    assert (1, "lan", "icmp", "") == (shown.id, shown.network, shown.filter, shown.end)
    with kept.open(PLACE) as first, kept.open(PLACE) as second:
        made.made[0].grow(b"one")
        assert b"one" == first.read()
        made.made[0].grow(b"two")
        assert (b"two", b"onetwo") == (first.read(), second.read())
        with pytest.raises(OSError):
            os.write(first.fileno(), b"x")
    assert 1 == kept.running


def test_the_next_recording_takes_the_place(kept: Recordings, made: Tcpdumps) -> None:
    """The one before ends, and who reads it still may."""
    kept.start(PLACE, MACHINE, "lan", ORDER)
    made.made[0].grow(b"old")
    with kept.open(PLACE) as old:
        assert 2 == kept.start(PLACE, MACHINE, "lan", ORDER).id
        assert not made.made[0].runs and b"old" == old.read()
    with kept.open(PLACE) as new:
        assert b"" == new.read()


def test_a_stopped_recording_stays(kept: Recordings, made: Tcpdumps) -> None:
    """With the packets that were lost."""
    kept.start(PLACE, MACHINE, "lan", ORDER)
    made.made[0].dropped = 7
    assert Shown(1, "lan", "icmp", shown_begin(kept), "stopped", 7) == kept.stop(PLACE)
    assert kept.stop(PLACE) == kept.look(PLACE) and not kept.running


def shown_begin(kept: Recordings) -> float:
    """Return when the recording began."""
    shown = kept.look(PLACE)
    return shown.begun if shown else 0.0


def full(made: Tcpdumps, patch: pytest.MonkeyPatch) -> None:
    """Let the file be as large as a capture may be."""
    made.made[0].grow(b"x" * 100)


def ended(made: Tcpdumps, patch: pytest.MonkeyPatch) -> None:
    """Let tcpdump end."""
    made.made[0].runs = False


def no_disk(made: Tcpdumps, patch: pytest.MonkeyPatch) -> None:
    """Let the disk be full."""
    patch.setattr(module, "FREE", 1 << 70)


@pytest.mark.parametrize(("happen", "end"), [(full, "full"), (ended, "failed"), (no_disk, "disk")])
def test_a_recording_ends_at_a_limit(
    kept: Recordings,
    made: Tcpdumps,
    monkeypatch: pytest.MonkeyPatch,
    happen: Callable[[Tcpdumps, pytest.MonkeyPatch], None],
    end: str,
) -> None:
    """The reason is kept."""
    monkeypatch.setattr(module, "CAPTURE", CaptureLimits(bytes=50))
    kept.start(PLACE, MACHINE, "lan", ORDER)
    happen(made, monkeypatch)
    assert end == end_of(kept)


def test_a_recording_ends_with_its_time(kept: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much comes."""
    monkeypatch.setattr(module, "LONGEST", 0.0)
    kept.start(PLACE, MACHINE, "lan", ORDER)
    assert "late" == end_of(kept)


def test_a_wrong_filter_is_the_readers_error(kept: Recordings) -> None:
    """In the words of tcpdump; the recording before goes on to be readable."""
    error = error_of(InputError, kept.start, PLACE, MACHINE, "lan", Order("lan", "wrong"))
    assert "can't parse filter expression: syntax error" == error.values["said"]
    assert kept.look(PLACE) is None


@pytest.mark.parametrize("filter", ["x" * 1001, "tcp\nport 80", "tcp\0"])
def test_a_filter_is_one_short_line(kept: Recordings, filter: str) -> None:
    """Nothing of another one reaches the host."""
    error_of(InputError, kept.start, PLACE, MACHINE, "lan", Order("lan", filter))


def test_a_host_that_does_not_answer_is_no_error_of_the_filter(kept: Recordings) -> None:
    """It is told as any recording tells it."""
    error_of(MachineryError, kept.start, PLACE, MACHINE, "lan", Order("lan", "away"))


def test_a_host_without_a_recording_has_no_file(kept: Recordings) -> None:
    """And nothing to stop."""
    assert kept.stop(PLACE) is None
    error_of(InputError, kept.open, PLACE)


def test_the_recordings_of_a_seat_go_with_it(kept: Recordings, made: Tcpdumps) -> None:
    """Those of others stay."""
    kept.start(PLACE, MACHINE, "lan", ORDER)
    kept.start(("lab", "bob", "server"), MACHINE, "lan", ORDER)
    kept.forget_seat("lab", "alice")
    assert (("lab", "bob", "server"),) == kept.places and not made.made[0].runs
    kept.forget_seat("lab", "bob")
