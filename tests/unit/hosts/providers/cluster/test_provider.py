"""The provider `cluster` on paper: where seats go, what is resumed, what is lost, and what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import privilege, state
from sharklab.errors import InputError, MachineryError
from sharklab.hosts.image.model import Image, Layers
from sharklab.hosts.providers import access, marks
from sharklab.hosts.providers.cluster import client, course, exports, hosts, record
from sharklab.hosts.providers.cluster.errors import Refused
from sharklab.hosts.providers.cluster.model import MemberStatus
from sharklab.hosts.providers.cluster.provider import Cluster, check_room
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support import paper_cluster, provider_seat
from tests.support.errors import error_of
from tests.support.paper_cluster import PaperCluster

HOSTS = Cluster()


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PaperCluster:
    """Return a cluster of three members, and a computer whose images exist already."""
    found = PaperCluster(dict.fromkeys(("m1", "m2", "m3"), MemberStatus.ONLINE))
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(marks, "MARKS", tmp_path / "marks")
    monkeypatch.setattr(client, "connect", lambda remote="": found)
    monkeypatch.setattr(course, "_clients", {})
    monkeypatch.setattr(course, "_begun", set())
    monkeypatch.setattr(exports, "_known", set())
    monkeypatch.setattr(exports, "_send", lambda own, name, image: own.client.images.add(name, properties={}))
    monkeypatch.setattr(privilege, "require_root", lambda reason: None)
    monkeypatch.setattr(hosts, "FRESH", -1.0)
    monkeypatch.setattr(hosts, "SETTLE_PAUSE", 0.0)
    monkeypatch.setattr(hosts, "_silent", {})
    monkeypatch.setattr(access, "close", lambda *words: None)
    return found


@pytest.fixture
def layers(paper: PaperCluster) -> Layers:
    """Return the layers of a bare image."""
    folder = state.folder(state.images_folder() / "debian12-000000000000")
    state.folder(folder / "root")
    return Layers(Image("debian12", "Debian", folder), folder)


def up(layers: Layers, number: int = 1) -> Plan:
    """Bring the seat of a student up, and return its plan."""
    plan = provider_seat.plan(f"s{number}", number)
    HOSTS.forget_lost(plan.seat)
    HOSTS.make(plan, layers)
    HOSTS.up(plan, layers, quiet)
    return plan


def quiet(message: Message) -> None:
    """Say nothing."""


def test_each_seat_is_on_one_member(paper: PaperCluster, layers: Layers) -> None:
    """Three seats go to three members, each with a network of its own; nothing is made twice."""
    plans = [up(layers, number) for number in (1, 2, 3)]
    at = {plan.seat.id: {paper.found[name].member for name in _names(plan)} for plan in plans}
    assert [{"m1"}, {"m2"}, {"m3"}] == sorted(at.values(), key=sorted)
    cards = {one.devices["card-lan"]["network"] for one in paper.found.values()}
    assert set(paper.bridges) == cards and 3 == len(cards)
    before = list(paper.calls)
    up(layers, 1)
    assert before == paper.calls


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
    assert _names(plan) == set(paper.found)


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


def test_a_seat_of_an_evacuated_member_moves(paper: PaperCluster, layers: Layers) -> None:
    """The engine has stopped its hosts; they keep their disks."""
    plan = up(layers)
    left = paper.where("server")
    paper.status[left] = MemberStatus.EVACUATED
    for name in _names(plan):
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


def test_no_network_can_be_made_while_a_member_is_down(paper: PaperCluster, layers: Layers) -> None:
    """The sentence names the member."""
    paper.status["m3"] = MemberStatus.OFFLINE
    error = error_of(MachineryError, up, layers)
    assert "m3" == error.values["members"]


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
    assert _names(second) == set(paper.found) and 2 == len(paper.bridges)
    assert [] == HOSTS.down(second.seat)
    assert not paper.found and not paper.bridges and not second.seat.folder.exists()
    HOSTS.sweep()
    assert not paper.known and not paper.names and not course.file().exists()


def test_a_host_that_its_member_just_starts_is_removed(
    paper: PaperCluster, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine refuses at first."""
    refusals = [Refused("busy"), Refused("busy")]
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


def test_a_remote_stays_while_seats_are_up(paper: PaperCluster, layers: Layers) -> None:
    """Another one would not know them."""
    course.use("far")
    own = course.known()
    assert own and "far" == own.remote
    up(layers)
    course.use("far")
    assert "far" == record.read(provider_seat.plan("s1", 1).seat.folder).remote  # type: ignore[union-attr]
    assert "far" == error_of(InputError, course.use, "near").values["known"]


def test_the_limit_of_the_project_never_falls(paper: PaperCluster, layers: Layers) -> None:
    """Hosts of a member that is gone may still count; a member that joins makes room."""

    def limit() -> int:
        course._begun.clear()
        return int(paper.known[course.begin().project].config[course.MOST])

    first = (limit(), limit())
    paper.status["m3"] = MemberStatus.OFFLINE
    assert (limit(), limit()) == first
    paper.status |= {"m3": MemberStatus.ONLINE, "m4": MemberStatus.ONLINE}
    assert limit() > first[0]


def test_room_is_that_of_all_members(paper: PaperCluster) -> None:
    """A class that is too large is refused before anything is made."""
    check_room(100)
    assert 10_000 == error_of(MachineryError, check_room, 10_000).values["hosts"]


def _names(plan: Plan) -> set[str]:
    own = record.read(plan.seat.folder)
    assert own
    return own.names()


def _move(paper: PaperCluster, name: str, member: str) -> None:
    paper.instances.stop(name)
    paper.instances.move(name, member)
    paper.instances.start(name)
