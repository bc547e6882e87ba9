"""The hosts of a seat on a cluster on paper: described, made, started, asked, removed."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers import consoles
from sharklab.hosts.providers.boot_query import BootReport
from sharklab.hosts.providers.cluster import course, hosts
from sharklab.hosts.providers.cluster.errors import EngineRefusal, TooLate, Unreachable
from sharklab.hosts.providers.cluster.model import Instance, MemberStatus, Power, Ran
from sharklab.hosts.providers.cluster.record import SeatRecord
from sharklab.message import Message
from tests.support import paper_cluster, provider_seat
from tests.support.errors import error_of
from tests.support.paper_cluster import PaperCluster
from tests.support.paper_seats import HOSTS, names, record_of, up


def test_hosts_have_the_plan_s_addresses_and_limits(paper: PaperCluster, layers: Layers) -> None:
    """The interface and its MAC are those of the plan, and the keys say whose the host is."""
    plan = up(layers)
    one = paper.found[f"sl-{plan.seat.id}-server"]
    card = one.devices["card-lan"]
    assert ("lan", plan.seat.address("server", "lan").mac) == (card["name"], card["hwaddr"])
    assert (plan.seat.id, "server", "bare", "s1") == tuple(
        one.config[key] for key in (course.SEAT, course.HOST, course.LAB, course.STUDENT)
    )
    assert "true" == one.config["security.idmap.isolated"]
    assert b"root/.ssh/authorized_keys" in paper.pushed[one.name]
    assert {"server": "running", "client": "running"} == HOSTS.status(plan.seat)


def test_a_member_that_answers_is_not_lost(paper: PaperCluster, layers: Layers) -> None:
    """Its heartbeat is late, as after the death of another: the students' work stays."""
    plan = up(layers)
    at = paper.where("server")
    paper.status[at] = MemberStatus.OFFLINE
    paper.late.add(at)
    assert {"server": "running", "client": "running"} == HOSTS.status(plan.seat)
    paper.status[at] = MemberStatus.OFFLINE
    paper.calls.clear()
    up(layers)
    assert [] == paper.calls


def test_a_host_is_not_lost_while_its_member_answers(
    paper: PaperCluster, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of instances came while the heartbeat was late; the members were asked a moment before."""
    plan = up(layers)
    answers = [Power.LOST]
    tell = paper_cluster.Instances.all

    def late(own: paper_cluster.Instances) -> list[Instance]:
        power = answers.pop() if answers else None
        return [replace(one, power=power) if power else one for one in tell(own)]

    monkeypatch.setattr(paper_cluster.Instances, "all", late)
    monkeypatch.setattr(hosts, "SETTLE_PAUSE", 0.0)
    hosts.look_again()
    assert {"server": "running", "client": "running"} == HOSTS.status(plan.seat)
    assert [] == answers


def test_a_host_that_its_member_just_starts_is_removed(
    paper: PaperCluster, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine refuses at first."""
    refusals = [EngineRefusal("busy"), EngineRefusal("busy")]
    delete = paper_cluster.Instances.delete

    def busy(own: paper_cluster.Instances, name: str) -> None:
        if refusals:
            raise refusals.pop()
        delete(own, name)

    plan = up(layers)
    monkeypatch.setattr(paper_cluster.Instances, "delete", busy)
    monkeypatch.setattr(hosts, "REMOVAL_PAUSE", 0.0)
    assert [] == HOSTS.down(plan.seat)
    assert not paper.found


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 100.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


def test_any_host_may_serve_files(paper: PaperCluster) -> None:
    """A server may open files by handle; modules and audit are denied. Management joins nothing."""
    plan = provider_seat.plan("s1", 1)
    seat = SeatRecord(plan.seat.id, "p", networks={"lan": "bridge7"})
    config, devices = hosts.describe(plan, plan.hosts[0], seat, "pool")
    assert not plan.hosts[0].needs and "false" == config["security.syscalls.deny_default"]
    denied = {line.split()[0] for line in config["security.syscalls.deny"].splitlines()}
    assert {"init_module", "socket"} <= denied and "open_by_handle_at" not in denied
    (own,) = (one for one in devices.values() if one.get("nictype") == "p2p")
    assert "network" not in own and "bridge7" == devices["card-lan"]["network"]
    assert "pool" == devices["root"]["pool"]


@pytest.mark.parametrize(("engine", "key"), [("lxd", "security.devlxd"), ("incus", "security.guestapi")])
def test_no_host_reaches_the_engine(engine: str, key: str) -> None:
    """Each engine would give a socket to it, and knows its own word for that alone."""
    plan = provider_seat.plan("s1", 1)
    seat = SeatRecord(plan.seat.id, "p", networks={"lan": "bridge7"})
    config, _ = hosts.describe(plan, plan.hosts[0], seat, "pool", engine)
    keys = set(hosts.GUEST_API.values())
    assert {key: "false"} == {name: config[name] for name in keys & set(config)}


def test_answers_are_shared_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change makes all of them old."""
    clock, asked = Clock(), list[float]()
    monkeypatch.setattr(hosts, "time", clock)
    monkeypatch.setattr(hosts, "_answers", {})

    def ask() -> list[float]:
        asked.append(clock.now)
        return list(asked)

    assert [100.0] == hosts._fresh("x", ask)
    clock.now += hosts.FRESH / 2
    assert [100.0] == hosts._fresh("x", ask)
    clock.now += hosts.FRESH
    assert 2 == len(hosts._fresh("x", ask))
    hosts.look_again()
    assert 3 == len(hosts._fresh("x", ask))


def test_an_engine_that_hangs_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question takes half a minute then; the other seats of a class get the same failure at once.

    Each has an error of its own.
    """
    clock, asked = Clock(), list[float]()
    monkeypatch.setattr(hosts, "time", clock)
    monkeypatch.setattr(hosts, "_answers", {})

    def ask() -> list[float]:
        asked.append(clock.now)
        clock.now += 30
        raise TooLate("late")

    errors = [error_of(TooLate, lambda: hosts._fresh("x", ask)) for _seat in range(3)]
    assert [100.0] == asked and ["late"] * 3 == list(map(str, errors))
    assert 3 == len(set(map(id, errors))) and 1 == len(
        {len(traceback.extract_tb(one.__traceback__)) for one in errors}
    )
    clock.now += 2 * hosts.FRESH
    error_of(TooLate, lambda: hosts._fresh("x", ask))
    assert 2 == len(asked)


def test_a_silent_member_is_not_asked_again_for_a_while(
    paper: PaperCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question to a dead machine costs seconds. One that is silent for long is not asked at all."""
    asked: list[str] = []

    def resources(own: paper_cluster.Members, name: str, *, limit: float) -> object:
        asked.append(name)
        raise Unreachable("no answer")

    own = course.begin()
    paper.status["m3"] = MemberStatus.OFFLINE
    monkeypatch.setattr(paper_cluster.Members, "resources", resources)
    clock = Clock()
    monkeypatch.setattr(hosts, "time", clock)
    assert (True, True, False) == tuple(hosts.is_dead(own, name) for name in ("m3", "gone", ""))
    assert ["m3"] == asked
    clock.now += hosts.SETTLE_SECONDS + 1
    assert hosts.is_dead(own, "m3") and ["m3"] * 2 == asked
    clock.now += hosts.SETTLE_SECONDS + 1
    paper.silence = hosts.DEAD_SECONDS
    assert hosts.is_dead(own, "m3") and ["m3"] * 2 == asked


def test_hosts_tell_how_they_came_up(
    paper: PaperCluster, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that still mounts the folder of another is asked again at the end."""
    plan = up(layers)
    said = {"server": ["degraded\na.service loaded failed\n"], "client": ["starting\n", "running\n"]}
    _say(monkeypatch, lambda host: Ran(0, said[host].pop(0).encode(), b""))
    reports = hosts.wait(course.begin(), record_of(plan), plan)
    expected = [BootReport("server", "degraded", ("a.service",)), BootReport("client", "running", ())]
    assert expected == reports


def test_host_that_does_not_come_up_is_named(
    paper: PaperCluster, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its units are not done in time, or the engine refuses to ask it."""
    plan = up(layers)
    own, seat = course.begin(), record_of(plan)

    def answer(host: str) -> Ran:
        if host == "client":
            raise refusal
        return Ran(0, b"running\n", b"")

    refusal = EngineRefusal("no such instance")
    _say(monkeypatch, answer)
    error = error_of(MachineryError, hosts.wait, own, seat, plan)
    assert (f"{own.project}/{seat.instance('client')}", "client") == (error.place, error.values["host"])
    assert refusal.sentence == error.values["reason"]
    _say(monkeypatch, lambda host: Ran(124, b"", b""))
    error = error_of(MachineryError, hosts.wait, own, seat, plan)
    reason = error.values["reason"]
    assert isinstance(reason, Message) and consoles.LIMIT == reason.values["seconds"]


def test_host_wakes_although_its_snapshot_failed(
    paper: PaperCluster, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool without space must not leave a seat that sleeps."""
    plan = up(layers)
    name = record_of(plan).instance("server")

    def full(own: paper_cluster.Instances, name: str, snapshot: str) -> None:
        raise EngineRefusal("no space")

    monkeypatch.setattr(paper_cluster.Instances, "snapshot", full)
    paper.snapshots.add((name, "start"))
    paper.calls.clear()
    error_of(EngineRefusal, hosts.keep, course.begin(), name, "start")
    assert [f"freeze {name}", f"unfreeze {name}"] == paper.calls
    assert not paper.snapshots


def test_removal_gives_up_and_names_what_stays(
    paper: PaperCluster, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal that lasts is told; of a member that dies meanwhile the rest stays."""
    plan, tries = up(layers), list[str]()
    own, found = course.begin(), list(paper.found.values())

    def fail(error: Exception) -> None:
        def delete(own: paper_cluster.Instances, name: str) -> None:
            tries.append(name)
            raise error

        monkeypatch.setattr(paper_cluster.Instances, "delete", delete)

    monkeypatch.setattr(hosts, "REMOVAL_TRIES", 2)
    monkeypatch.setattr(hosts, "REMOVAL_PAUSE", 0.0)
    fail(EngineRefusal("busy"))
    error_of(EngineRefusal, hosts.remove, own, found[:1])
    assert 3 == len(tries)
    fail(Unreachable("it died"))
    left = hosts.remove(own, found)
    assert names(plan) == {sentence.values["name"] for sentence in left}
    assert [] == hosts.remove(own, [])


def _say(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], Ran]) -> None:
    """Let each host answer the question whether it has booted."""
    monkeypatch.setattr(
        paper_cluster.Instances,
        "run",
        lambda own, name, argv, *, limit: answer(own.on.found[name].config[course.HOST]),
    )
