"""The provider `cluster` on paper: where seats go, what is resumed, what is lost, and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers import disk
from sharklab.hosts.providers.cluster import course, hosts, record
from sharklab.hosts.providers.cluster.model import MemberStatus
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support.errors import error_of
from tests.support.paper_cluster import PaperCluster
from tests.support.paper_seats import HOSTS, names, quiet, record_of, up


def test_each_seat_is_on_one_member(paper: PaperCluster, layers: Layers) -> None:
    """Three seats go to three members, each with a network of its own; nothing is made twice."""
    plans = [up(layers, number) for number in (1, 2, 3)]
    at = {plan.seat.id: {paper.found[name].member for name in names(plan)} for plan in plans}
    assert [{"m1"}, {"m2"}, {"m3"}] == sorted(at.values(), key=sorted)
    cards = {one.devices["card-lan"]["network"] for one in paper.found.values()}
    assert set(paper.bridges) == cards and 3 == len(cards)
    before = list(paper.calls)
    up(layers, 1)
    assert before == paper.calls


def test_a_user_may_have_all_processes_of_a_container(paper: PaperCluster, layers: Layers) -> None:
    """Else systemd takes a third of the engine's limit for that of each user."""
    upper = disk.folder(up(layers), "server") / "upper"
    (put,) = (upper / "etc/systemd/system/user-.slice.d").iterdir()
    assert "[Slice]\nTasksMax=infinity\n" == put.read_text()


def test_an_interrupted_start_is_finished(paper: PaperCluster, layers: Layers) -> None:
    """A host without its values gets them, and one that stopped starts; the other stays as it is."""
    plan = up(layers)
    name = f"sl-{plan.seat.id}-server"
    paper.found.pop(name)
    paper.calls.clear()
    assert HOSTS.make(plan, layers) is None
    HOSTS.up(plan, layers, quiet)
    assert [f"create {name}", f"start {name}"] == paper.calls
    assert {paper.where("client")} == {paper.where("server")}


def test_a_host_that_somebody_removed_is_not_made_again_in_silence(
    paper: PaperCluster, layers: Layers
) -> None:
    """A student worked on it, and it would lack the faults of the lab. Before the set-up ends, it is made."""
    plan = up(layers)
    name = f"sl-{plan.seat.id}-server"
    begun = replace(plan, start=("page",))
    paper.found.pop(name)
    HOSTS.up(begun, layers, quiet)
    assert name in paper.found
    state.write(plan.seat.folder / "provisioned", "")
    HOSTS.up(begun, layers, quiet)
    paper.found.pop(name)
    assert ["server"] == error_of(MachineryError, HOSTS.up, begun, layers, quiet).values["hosts"]
    assert name not in paper.found


def test_a_seat_of_a_dead_member_is_made_elsewhere(paper: PaperCluster, layers: Layers) -> None:
    """It keeps its network and its values; its old hosts go when the member is back."""
    plan = up(layers)
    own, dead = record.read(plan.seat.folder), paper.where("server")
    assert own
    state.write(plan.seat.folder / "provisioned", "")
    paper.status[dead] = MemberStatus.OFFLINE
    assert {"server": "lost", "client": "lost"} == HOSTS.status(plan.seat)
    assert 1 == len(HOSTS.warnings(plan.seat))
    up(layers)
    again = record.read(plan.seat.folder)
    assert again and (1, own.networks) == (again.round, again.networks)
    assert not (plan.seat.folder / "provisioned").exists()
    assert dead != paper.where("server") == paper.where("client")
    assert {"server": "running", "client": "running"} == HOSTS.status(plan.seat)
    assert 4 == len(paper.found)
    paper.status[dead] = MemberStatus.ONLINE
    up(layers)
    assert names(plan) == set(paper.found)


def test_a_seat_of_a_member_that_is_only_busy_stays(paper: PaperCluster, layers: Layers) -> None:
    """It sends no heartbeat for long, and answers when it is asked: the students' work is there."""
    plan = up(layers)
    before, busy = dict(paper.found), paper.where("server")
    paper.status[busy] = MemberStatus.OFFLINE
    paper.silence = hosts.DEAD_SECONDS + 1
    paper.late.add(busy)
    state.write(plan.seat.folder / "provisioned", "")
    error = error_of(MachineryError, HOSTS.forget_lost, plan.seat)
    assert busy == error.values["member"] and before == paper.found
    assert (plan.seat.folder / "provisioned").exists() and 0 == record_of(plan).round


def test_a_seat_of_an_evacuated_member_moves(paper: PaperCluster, layers: Layers) -> None:
    """The engine has stopped its hosts; they keep their disks."""
    plan = up(layers)
    left = paper.where("server")
    paper.status[left] = MemberStatus.EVACUATED
    for name in names(plan):
        paper.instances.stop(name)
    paper.calls.clear()
    assert {"server": "stopped", "client": "stopped"} == HOSTS.status(plan.seat)
    up(layers)
    assert {"move", "start"} == {call.split()[0] for call in paper.calls}
    assert left != paper.where("server") == paper.where("client")


def test_hosts_that_the_engine_moved_apart_meet_again(paper: PaperCluster, layers: Layers) -> None:
    """A network of a cluster joins the hosts of one member only."""
    plan = up(layers)
    name = f"sl-{plan.seat.id}-server"
    other = next(each for each in paper.status if each != paper.where("server"))
    _move(paper, name, other)
    assert "apart" in HOSTS.status(plan.seat).values()
    up(layers)
    assert paper.where("server") == paper.where("client")
    assert {"running"} == set(HOSTS.status(plan.seat).values())


def test_a_member_may_have_a_new_name(paper: PaperCluster, layers: Layers) -> None:
    """Its seats run there as before, and nobody hears a warning. The next `up` notes the name."""
    plan = up(layers)
    before = paper.where("server")
    paper.status["new"] = paper.status.pop(before)
    for name in names(plan):
        paper.found[name] = replace(paper.found[name], member="new")
    assert {"running"} == set(HOSTS.status(plan.seat).values()) and () == HOSTS.warnings(plan.seat)
    paper.calls.clear()
    up(layers)
    assert "new" == record_of(plan).member and not paper.calls


def test_reset_puts_the_start_state_back(paper: PaperCluster, layers: Layers) -> None:
    """Without a snapshot nothing happens."""
    plan = up(layers)
    error_of(MachineryError, HOSTS.reset, plan, ["server"], layers, quiet)
    HOSTS.keep(plan)
    paper.calls.clear()
    HOSTS.reset(plan, ["server"], layers, quiet)
    name = f"sl-{plan.seat.id}-server"
    assert [f"stop {name}", f"put_back {name}", f"start {name}"] == paper.calls


def test_nothing_is_left(paper: PaperCluster, layers: Layers) -> None:
    """The last seat takes the networks with it, and `down --all` the project and the images."""
    first, second = up(layers, 1), up(layers, 2)
    assert [] == HOSTS.down(first.seat)
    assert names(second) == set(paper.found) and 2 == len(paper.bridges)
    assert [] == HOSTS.down(second.seat)
    assert not paper.found and not paper.bridges and not second.seat.folder.exists()
    HOSTS.sweep()
    assert not paper.known and not paper.names and not course.file().exists()


def test_networks_that_a_seat_takes_meanwhile_stay(
    paper: PaperCluster, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes them while the last seat goes, and the lock is its own."""
    first = up(layers)
    taken: list[Plan] = []

    @contextmanager
    def lock() -> Iterator[None]:
        if not taken:
            taken.append(first)
            up(layers, 2)
        yield

    monkeypatch.setattr(course, "lock", lock)
    assert [] == HOSTS.down(first.seat)
    assert paper.bridges and taken


def test_a_dead_member_keeps_its_hosts_and_the_project(paper: PaperCluster, layers: Layers) -> None:
    """The person hears which, and the next `down --all` ends it."""
    plan = up(layers)
    dead = paper.where("server")
    paper.status[dead] = MemberStatus.OFFLINE
    left = HOSTS.down(plan.seat)
    assert {dead} == {sentence.values["member"] for sentence in left} and 2 == len(left)
    error_of(MachineryError, HOSTS.sweep)
    paper.status[dead] = MemberStatus.ONLINE
    HOSTS.sweep()
    assert not paper.found and not paper.known


def test_a_dead_member_keeps_the_networks_whole(paper: PaperCluster, layers: Layers) -> None:
    """The engine would remove their bridges elsewhere alone. They and the project go when it is back."""
    plan = up(layers)
    dead = next(name for name in paper.status if name != paper.where("server"))
    paper.status[dead] = MemberStatus.OFFLINE
    assert [] == HOSTS.down(plan.seat) and paper.bridges
    error = error_of(MachineryError, HOSTS.sweep)
    left = error.values["left"]
    assert isinstance(left, Message) and {"members": dead} == left.values
    assert paper.bridges and paper.known and course.file().exists()
    paper.status[dead] = MemberStatus.ONLINE
    HOSTS.sweep()
    assert not paper.bridges and not paper.known


def _move(paper: PaperCluster, name: str, member: str) -> None:
    paper.instances.stop(name)
    paper.instances.move(name, member)
    paper.instances.start(name)
