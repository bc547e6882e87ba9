"""Looks at the hosts of a seat on a cluster; the student is root there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts import capacity, student_files
from sharklab.hosts.providers import sleeping
from sharklab.hosts.providers.cluster import client, course, hosts, looks, record
from sharklab.hosts.providers.cluster.errors import EngineRefusal, TooLate
from sharklab.hosts.providers.cluster.model import (
    Instance,
    InstanceKind,
    InstanceUsage,
    MemberStatus,
    Power,
    Ran,
)
from sharklab.hosts.providers.cluster.record import SeatRecord
from sharklab.lab.model import Seat
from tests.support import paper_cluster
from tests.support.errors import error_of
from tests.support.paper_cluster import PaperCluster

NAME = "sl-0a1b2c3d-server"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    """Return a seat on a cluster, which was set up an hour ago."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    folder = state.folder(state.seat_folder("tp4", "ada"))
    record.write(folder, SeatRecord("0a1b2c3d", "sharklab-0a1b2c3d", member="m1", hosts=["server"]))
    (folder / "provisioned").touch()
    return Seat("tp4", "ada", "0a1b2c3d", "", "", "", {}, folder)


@pytest.fixture
def paper(own: Seat, monkeypatch: pytest.MonkeyPatch) -> PaperCluster:
    """Return its cluster, on which its host runs."""
    found = PaperCluster({"m1": MemberStatus.ONLINE})
    found.found[NAME] = Instance(NAME, InstanceKind.CONTAINER, Power.RUNNING, "m1", "p", {}, {})
    monkeypatch.setattr(client, "connect", lambda remote="": found)
    monkeypatch.setattr(course, "_clients", {})
    monkeypatch.setattr(hosts, "FRESH", -1.0)
    return found


def _answers(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def run(self: object, name: str, argv: Sequence[str], *, limit: float) -> Ran:
        return Ran(0, text.encode(), b"")

    monkeypatch.setattr(paper_cluster.Instances, "run", run)


def test_seats_sleep_and_wake(own: Seat, paper: PaperCluster) -> None:
    """The engine stops the processes of the host."""
    assert not sleeping.is_asleep(own)
    sleeping.sleep(own)
    assert sleeping.is_asleep(own) and Power.FROZEN is paper.found[NAME].power
    sleeping.wake(own)
    assert not sleeping.is_asleep(own)


def test_a_host_that_does_not_stop_keeps_the_others_awake(
    own: Seat, paper: PaperCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody may find a seat that sleeps by half; answers of before do not count."""
    other = NAME.replace("server", "client")
    record.write(
        own.folder, SeatRecord("0a1b2c3d", "sharklab-0a1b2c3d", member="m1", hosts=["server", "client"])
    )
    paper.found[other] = replace(paper.found[NAME], name=other)
    monkeypatch.setattr(hosts, "FRESH", 60.0)
    monkeypatch.setattr(hosts, "_answers", {})
    freeze = paper_cluster.Instances.freeze

    def stuck(self: paper_cluster.Instances, name: str) -> None:
        if name == other:
            raise EngineRefusal("stuck")
        freeze(self, name)

    monkeypatch.setattr(paper_cluster.Instances, "freeze", stuck)
    error_of(EngineRefusal, sleeping.sleep, own)
    assert {Power.RUNNING} == {one.power for one in paper.found.values()}
    assert not (own.folder / "asleep").exists()


@pytest.mark.parametrize(
    ("said", "used"), [("0 33 65534", False), ("0 1000 0", True), ("x 99999999999", False)]
)
def test_a_process_of_a_person_is_use(
    own: Seat, paper: PaperCluster, monkeypatch: pytest.MonkeyPatch, said: str, used: bool
) -> None:
    """A line that is no number does not count."""
    _answers(monkeypatch, said)
    assert used == sleeping.is_in_use(own)


def test_the_last_change_of_a_file_counts(
    own: Seat, paper: PaperCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that is off may have changed just now, and a lost one has nothing that could be kept."""
    _answers(monkeypatch, "1795951793.5000000000\n1795951794.2500000000\nnan\n")
    assert 1795951794.25 == student_files.last_change(own)
    paper.instances.stop(NAME)
    assert student_files.last_change(own) == pytest.approx(time.time(), abs=600)
    paper.status["m1"] = MemberStatus.OFFLINE
    assert 0.0 == student_files.last_change(own)


@pytest.mark.parametrize("error", [TooLate("busy"), EngineRefusal("it has ended")])
def test_a_host_that_cannot_be_asked_may_have_work(
    own: Seat, paper: PaperCluster, monkeypatch: pytest.MonkeyPatch, error: MachineryError
) -> None:
    """Else `seats down` on a busy cluster would remove it without a question."""

    def run(self: object, name: str, argv: Sequence[str], *, limit: float) -> Ran:
        raise error

    monkeypatch.setattr(paper_cluster.Instances, "run", run)
    assert student_files.last_change(own) == pytest.approx(time.time(), abs=600)


def test_a_host_that_has_ended_is_not_used_and_a_silent_one_is_an_error(
    own: Seat, paper: PaperCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may be logged in on a host that is only busy: its seat must not be put to sleep."""
    errors: list[MachineryError] = [TooLate("busy"), EngineRefusal("it has ended")]

    def run(self: object, name: str, argv: Sequence[str], *, limit: float) -> Ran:
        raise errors.pop()

    monkeypatch.setattr(paper_cluster.Instances, "run", run)
    assert not sleeping.is_in_use(own)
    error_of(TooLate, sleeping.is_in_use, own)


def test_memory_is_that_of_the_hosts(own: Seat, paper: PaperCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine says it."""
    usage = InstanceUsage(5 << 20, {})
    monkeypatch.setattr(paper_cluster.Instances, "usage", lambda self, name: usage, raising=False)
    assert 5 << 20 == capacity.memory_of(own)
    assert looks.is_there(own)
