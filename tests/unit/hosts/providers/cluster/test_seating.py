"""The member of a seat on a cluster on paper: members are asked for their memory once in a while."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers.cluster import course, hosts, seating
from sharklab.hosts.providers.cluster.errors import Unreachable
from sharklab.hosts.providers.cluster.model import MemberStatus, Resources
from sharklab.lab.model import Plan
from tests.support import paper_cluster, provider_seat
from tests.support.errors import error_of
from tests.support.paper_cluster import GIB, PaperCluster
from tests.support.paper_seats import HOSTS, names, up


@dataclass
class Answers:
    """The members that were asked for their memory, and those that do not answer."""

    asked: list[str]
    silent: set[str]


@pytest.fixture
def answers(paper: PaperCluster, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Note the questions about memory."""
    found = Answers([], set())

    def resources(own: paper_cluster.Members, name: str, *, limit: float = 0.0) -> Resources:
        found.asked.append(name)
        if name in found.silent:
            raise Unreachable("no answer")
        return Resources(8 * GIB, 4 * GIB, 2)

    course.begin()
    monkeypatch.setattr(paper_cluster.Members, "resources", resources)
    return found


def class_of(count: int) -> list[Plan]:
    """Return the plans of a class, of two hosts each."""
    return [provider_seat.plan("s1", 1)] * count


def test_room_is_that_of_all_members(paper: PaperCluster) -> None:
    """A class that is too large is refused before anything is made."""
    seating.make_room(class_of(50))
    assert 10_000 == error_of(MachineryError, seating.make_room, class_of(5_000)).values["needed"]
    paper.status |= dict.fromkeys(paper.status, MemberStatus.EVACUATED)
    assert 0 == error_of(MachineryError, seating.make_room, class_of(1)).values["count"]
    seating.make_room([])


def test_hosts_that_were_made_again_elsewhere_go(paper: PaperCluster, layers: Layers) -> None:
    """Also where their seat is whole, and nothing else is done for it: they take room on their member."""
    plan = up(layers)
    dead = paper.where("server")
    paper.status[dead] = MemberStatus.OFFLINE
    up(layers)
    seating.make_room([])
    assert 4 == len(paper.found)
    paper.status[dead] = MemberStatus.ONLINE
    hosts.look_again()
    seating.make_room([])
    assert names(plan) == set(paper.found)


def test_a_member_that_is_kept_for_others_takes_no_new_seat(paper: PaperCluster, layers: Layers) -> None:
    """Its administrator said so to the engine. The seats that it has stay there."""
    up(layers)
    first = paper.where("server")
    paper.scheduler = dict.fromkeys(paper.status, "manual")
    assert 0 == error_of(MachineryError, seating.make_room, class_of(1)).values["count"]
    error_of(MachineryError, up, layers, 2)
    up(layers)
    del paper.scheduler["m2"]
    up(layers, 2)
    assert (first, "m2", {first, "m2"}) == (
        "m1",
        paper.where("server"),
        {one.member for one in paper.found.values()},
    )


def test_members_are_asked_once_for_a_class(
    answers: Answers, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for each seat: a member looks through all of its hardware. An old answer counts no more."""
    seating.make_room(class_of(3))
    plans = [up(layers, number) for number in (1, 2, 3)]
    assert ["m1", "m2", "m3"] == sorted(answers.asked)
    monkeypatch.setattr(seating, "LOOK_SECONDS", -1.0)
    seating.make_room(class_of(1))
    assert 6 == len(answers.asked)
    monkeypatch.setattr(seating, "LOOK_SECONDS", 60.0)
    HOSTS.down(plans[0].seat)  # its memory is free again: that member alone is asked
    up(layers, 4)
    assert 7 == len(answers.asked)


def test_hosts_that_were_placed_since_the_look_are_taken_off(answers: Answers, layers: Layers) -> None:
    """Else a class could fill a member beyond its memory before somebody looks again."""
    own = course.begin()
    (before,) = seating._places(own, ["m1"])
    up(layers)
    (after,) = seating._places(own, ["m1"])
    memory = 2 * course.MEMORY_OF_HOST
    assert (0, memory, memory) == (before.placed, after.placed, before.free - after.free)


def test_a_member_that_does_not_answer_in_time_takes_no_seat(answers: Answers, layers: Layers) -> None:
    """The others do."""
    answers.silent |= {"m1", "m2"}
    assert ["m3"] == [one.member for one in seating._places(course.begin(), ["m1", "m2", "m3"])]
