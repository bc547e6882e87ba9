"""Which seat and host of a student are meant."""

from __future__ import annotations

import time

import pytest

from sharklab.cli import flow
from sharklab.errors import InputError
from sharklab.hosts import seat_provider
from sharklab.hosts.door import seats
from sharklab.hosts.providers import sleeping
from sharklab.hosts.providers.cluster import record
from sharklab.lab import class_note, diary, plan_file
from tests.support import door_seats
from tests.support.errors import error_of

pytestmark = pytest.mark.usefixtures("own_state")


def test_only_the_seats_of_the_student_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bob's seat is none of Alice's, whatever she asks for."""
    door_seats.save(monkeypatch, ("tp4", "alice"), ("tcpdump", "bob"))
    plan, host = seats.find("alice", "", "client")
    assert ("tp4", "alice", "client") == (plan.lab.name, plan.seat.student, host.name)
    refused = error_of(InputError, seats.find, "alice", "tcpdump", "client")
    assert seats.no_seat("tcpdump").message_id == refused.message_id


def test_a_host_of_two_seats_needs_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names both ways to log in."""
    door_seats.save(monkeypatch, ("tp4", "alice"), ("tcpdump", "alice"))
    refused = error_of(InputError, seats.find, "alice", "", "client")
    assert ["alice+tcpdump+client", "alice+tp4+client"] == refused.values["names"]
    assert "tcpdump" == seats.find("alice", "tcpdump", "client")[0].lab.name


def test_an_unknown_host_and_a_seat_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Either is said."""
    door_seats.save(monkeypatch, ("tp4", "alice"))
    assert "printer" == error_of(InputError, seats.find, "alice", "", "printer").values["host"]
    door_seats.save(monkeypatch)
    assert seats.no_seat().message_id == error_of(InputError, seats.find, "alice", "", "client").message_id


def test_a_damaged_seat_and_borrowed_machines_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither stops the student's other seats."""
    broken, lent, _ = door_seats.save(monkeypatch, ("tp4", "alice"), ("ports", "alice"), ("tcpdump", "alice"))
    (broken.seat.folder / "plan.json").write_text("{")
    seat_provider.write(lent.seat.folder, seats.BORROWED)
    assert ["tcpdump"] == [plan.lab.name for plan in seats.of_student("alice")]


def test_a_login_wakes_the_seat_until_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """After that time nothing wakes it."""
    [plan] = door_seats.save(monkeypatch, ("tp4", "alice"))
    woken: list[str] = []
    monkeypatch.setattr(sleeping, "wake", lambda own: woken.append(own.student))
    class_note.note(plan.seat, until=time.time() + 3600)
    seats.find("alice", "", "client")
    assert ["alice"] == woken
    class_note.note(plan.seat, until=1.0)
    refused = error_of(InputError, seats.find, "alice", "", "client")
    assert ("your seat was open until {time}", ["alice"]) == (refused.message_id, woken)


def test_nobody_logs_in_before_the_exam(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server noted its time, without a seat file."""
    [plan] = door_seats.save(monkeypatch, ("tp4", "alice"))
    monkeypatch.setattr(sleeping, "wake", lambda own: None)
    diary.note_exam(plan.seat, 1e11, 2e11)
    refused = error_of(InputError, seats.find, "alice", "", "client")
    assert "your exam begins on {time}" == refused.message_id
    diary.note_exam(plan.seat, 1.0, 2e11)
    assert "client" == seats.find("alice", "", "client")[1].name


def test_a_seat_on_a_cluster_is_up_when_it_has_a_place() -> None:
    """No namespace of this computer belongs to it."""
    plan = flow.prepare("tcpdump", "ada")
    plan_file.save(plan)
    seat_provider.write(plan.seat.folder, seat_provider.CLUSTER)
    assert [] == seats.of_student("ada")
    record.write(plan.seat.folder, record.SeatRecord(plan.seat.id, "sharklab-x", member="m1"))
    assert ["tcpdump"] == [found.lab.name for found in seats.of_student("ada")]
