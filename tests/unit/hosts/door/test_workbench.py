"""The requests of the workbench at the door."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli import flow
from sharklab.hosts import borrowed, seat_provider
from sharklab.hosts.door import protocol, seats, workbench
from sharklab.hosts.door.workbench import MOST_NUMBER, OWNER, USER
from sharklab.hosts.providers import network
from sharklab.lab import help_note
from tests.support import door_seats
from tests.support.labs import write_lab
from tests.support.workbench_door import HEAD, DoorHere


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoorHere]:
    """Open a door for the seat of alice."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    (tmp_path / "door").mkdir()
    own = DoorHere(tmp_path / "door", flow.prepare(str(write_lab(tmp_path / "mylab")), "alice"))
    yield own
    own.close()


def ask(door: DoorHere, want: str, **more: Any) -> tuple[dict[str, Any], list[int]]:
    """Ask about the server of alice."""
    request = {"want": want, "student": "alice", "lab": "mylab", "host": "server", "lang": "en", **more}
    return protocol.ask(str(door.path), request, patience=20)


def until(handles: list[int], said: bytes) -> bytes:
    """Return what comes through a connection until something is said, or until the end."""
    found = b""
    with socket.socket(fileno=os.dup(handles[0])) as connection:
        connection.settimeout(60)
        while said not in found and (part := connection.recv(1 << 17)):
            found += part
    return found


def test_a_terminal_comes_as_a_connection(door: DoorHere) -> None:
    """To a shell that the student may type into, if the front says that it is the student."""
    _, handles = ask(door, "terminal", name="alice", own=True)
    assert b"ready" in until(handles, b"ready")
    protocol.close(handles)


@pytest.mark.parametrize(
    "more", [{"number": 0}, {"number": MOST_NUMBER + 1}, {"number": "1"}, {"host": "x"}, {"lab": 3}]
)
def test_what_is_no_terminal_is_refused(door: DoorHere, more: dict[str, Any]) -> None:
    """In a sentence."""
    answer, handles = ask(door, "terminal", **{"name": "alice", "own": True, **more})
    assert answer["error"] and not handles and not door.keeper.count


@pytest.mark.parametrize("right", [help_note.NOTHING, help_note.SEE, help_note.TYPE])
def test_a_visitor_has_the_right_of_the_note(door: DoorHere, right: str) -> None:
    """The front has no say in it: without a right there is no connection, and no shell begins."""
    help_note.agree("mylab", "alice", right)
    before, none = ask(door, "terminal", name="teacher", types=True, sizes=True)
    assert before["error"] and not none and not door.keeper.count
    _, own = ask(door, "terminal", name="alice", own=True)
    answer, visit = ask(door, "terminal", name="teacher")
    assert bool(right) == bool(visit) != ("error" in answer)
    if visit:
        types = b'"teacher", "types": ' + (b"true" if right == help_note.TYPE else b"false")
        assert types in until(visit, types)
    protocol.close([*own, *visit])


def test_visits_end(door: DoorHere) -> None:
    """When the student wants so; the student's own page stays."""
    help_note.agree("mylab", "alice", help_note.SEE)
    _, own = ask(door, "terminal", name="alice", own=True)
    _, visit = ask(door, "terminal", name="teacher")
    ask(door, "end visits")
    until(visit, b"never said")
    assert b"ready" in until(own, b"ready")
    protocol.close([*own, *visit])


def test_right_that_ends_meanwhile_opens_nothing(door: DoorHere, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note is read again when the visitor is there: the student may have said no at this moment."""
    _, own = ask(door, "terminal", name="alice", own=True)
    rights = iter([help_note.HelpNote(right=help_note.TYPE), help_note.HelpNote()])
    monkeypatch.setattr(help_note, "read", lambda lab, student: next(rights))
    answer, visit = ask(door, "terminal", name="teacher")
    assert answer["error"] and not visit
    protocol.close(own)


def test_a_recording_comes_with_its_file(door: DoorHere) -> None:
    """It is of the card of the network, with the filter."""
    answer, handles = ask(door, "record", filter=" icmp ")
    [tcpdump] = door.tcpdumps.made
    assert ("lan", "icmp", "server") == (tcpdump.order.interface, tcpdump.order.filter, tcpdump.machine.name)
    assert (answer["end"], answer["filter"]) == ("", "icmp")
    tcpdump.grow(b"packets")
    assert HEAD + b"packets" == os.pread(handles[0], 100, 0)
    again, more = ask(door, "recording")
    assert answer == again
    stopped, most = ask(door, "stop")
    assert "stopped" == stopped["end"]
    protocol.close([*handles, *more, *most])


def test_a_network_that_the_host_does_not_have_is_named(door: DoorHere) -> None:
    """With those that it has."""
    answer, _ = ask(door, "record", network="wlan0")
    assert "wlan0" in answer["error"] and "lan" in answer["error"]
    assert {"id": 0} == ask(door, "recording")[0] == ask(door, "stop")[0]


def test_only_the_web_process_may_ask(door: DoorHere) -> None:
    """The kernel names the asker."""
    door.uids.clear()
    with pytest.raises(protocol.BrokenTalk):
        ask(door, "terminal", name="alice", types=True)


def test_a_shell_is_that_of_the_student(monkeypatch: pytest.MonkeyPatch, own_state: None) -> None:
    """Over a shared connection of the workbench's own, so that no other door ends it."""
    [plan] = door_seats.save(monkeypatch, ("tp4", "alice"))
    words = workbench.shell(plan, plan.hosts[0])
    assert ["ssh", "-F"] == words[:2] and plan.hosts[0].name in words
    assert f"/{OWNER}-%r@%n" in " ".join(words) and f"--login {USER}" in words[-1]


def test_a_shell_on_a_borrowed_machine_has_a_connection_of_its_own(
    monkeypatch: pytest.MonkeyPatch, own_state: None
) -> None:
    """The workbench finds it, though it has no network here; its door may end without ending other logins."""
    [plan] = door_seats.save(monkeypatch, ("tp4", "alice"))
    seat_provider.write(plan.seat.folder, seats.BORROWED)
    borrowed.write(plan.seat.folder, {plan.hosts[0].name: {}})
    monkeypatch.setattr(network, "exists", lambda name: False)
    found, host = workbench.Requests.find("alice", "tp4", plan.hosts[0].name)
    assert "ControlPath=none" in workbench.shell(found, host)


def test_recordings_go_with_their_seat(door: DoorHere, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seat that is still there keeps its own."""
    assert workbench.is_idle(door.keeper, door.recordings)
    protocol.close(ask(door, "record")[1])
    assert not workbench.is_idle(door.keeper, door.recordings)
    monkeypatch.setattr(seats, "of_student", lambda student, lab, borrowed: [door.plan])
    workbench.forget(door.recordings)
    assert door.recordings.places
    monkeypatch.setattr(seats, "of_student", lambda student, lab, borrowed: [])
    workbench.forget(door.recordings)
    assert not door.recordings.places
