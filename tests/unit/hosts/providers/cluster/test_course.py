"""The part of a cluster on paper that belongs to a course: its note, its project, its networks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers.cluster import course, record
from sharklab.hosts.providers.cluster.model import MemberStatus, Pool
from tests.support import paper_cluster, provider_seat
from tests.support.errors import error_of
from tests.support.paper_cluster import PaperCluster
from tests.support.paper_seats import record_of, up


def test_a_remote_stays_while_seats_are_up(paper: PaperCluster, layers: Layers) -> None:
    """Another one would not know them."""
    course.use("far")
    own = course.find_course()
    assert own and "far" == own.remote
    up(layers)
    course.use("far")
    assert "far" == record.read(provider_seat.plan("s1", 1).seat.folder).remote  # type: ignore[union-attr]
    assert "far" == error_of(InputError, course.use, "near").values["known"]


def test_the_limit_of_the_project_never_falls(paper: PaperCluster, layers: Layers) -> None:
    """Hosts of a member that is gone may still count; a member that joins makes room."""

    def limit() -> int:
        course._begun.clear()
        return int(paper.known[course.begin().project].config[course.MOST[0]])

    first = (limit(), limit())
    paper.status["m3"] = MemberStatus.OFFLINE
    assert (limit(), limit()) == first
    paper.status |= {"m3": MemberStatus.ONLINE, "m4": MemberStatus.ONLINE}
    assert limit() > first[0]


def test_no_network_can_be_made_while_a_member_is_down(paper: PaperCluster, layers: Layers) -> None:
    """The sentence names the member."""
    paper.status["m3"] = MemberStatus.OFFLINE
    error = error_of(MachineryError, up, layers)
    assert "m3" == error.values["members"]


def test_a_course_keeps_its_id_and_its_restricted_project(paper: PaperCluster) -> None:
    """Before the first use there is none; after it nothing is made again."""
    assert course.find_course() is None
    own = course.begin()
    assert own == course.begin() == course.find_course()
    assert {own.project} == set(paper.known)
    assert course.PROJECT.items() <= paper.known[own.project].config.items()


@pytest.mark.parametrize("content", ["{", '{"remote": ""}', "[]"])
def test_a_damaged_note_is_an_error_with_its_place(paper: PaperCluster, content: str) -> None:
    """Nobody may take the course for a new one: its seats would be lost."""
    course.begin()
    course.file().write_text(content)
    assert str(course.file()) == error_of(MachineryError, course.find_course).place


def test_the_pool_is_the_usual_one_or_the_first(paper: PaperCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was made by half counts as none."""
    own = course.begin()
    found = [_pool("default", "Pending"), _pool("fast", "Created")]
    monkeypatch.setattr(paper_cluster.Pools, "all", lambda self: found)
    assert "fast" == own.pool()
    found.append(_pool("default", "Created"))
    assert "default" == own.pool()
    found.clear()
    error_of(MachineryError, own.pool)


def test_networks_are_taken_before_new_ones_are_made(paper: PaperCluster) -> None:
    """Those of other programs and of other courses are left alone, and so are those that are half made."""
    own = course.begin()
    free = own.network(7)
    paper.bridges += ["lxdbr0", "sl00000000n1", own.network(0), free]
    paper.half_made.add(own.network(0))
    assert {own.network(0), free} == own.network_names()
    plan = provider_seat.with_way_out("s1", 1)
    taken = course.take_networks(own, plan, paper.members.all())
    assert {"lan": free, "inner": own.network(1)} == taken
    assert all(len(name) <= 15 for name in taken.values())


def test_networks_of_an_interrupted_command_are_made(paper: PaperCluster) -> None:
    """Missing ones, and those that are half made, but no other; none while a member is down."""
    own = course.begin()
    missing, half, there = (own.network(number) for number in range(3))
    paper.bridges += [half, there]
    paper.half_made.add(half)
    paper.status["m3"] = MemberStatus.OFFLINE
    course.ensure_networks(own, [there], paper.members.all())
    error_of(MachineryError, course.ensure_networks, own, [half], paper.members.all())
    assert {half} == paper.half_made
    paper.status["m3"] = MemberStatus.ONLINE
    course.ensure_networks(own, [missing, half, there], paper.members.all())
    assert [there, missing, half] == paper.bridges
    assert not paper.half_made


def test_instances_without_a_seat_are_strays(paper: PaperCluster, layers: Layers) -> None:
    """Those of a seat whose folder is gone; a seat of another project knows none of ours."""
    own = course.begin()
    first, second = up(layers, 1), up(layers, 2)
    assert [] == course.strays(own, paper.instances.all())
    record.write(first.seat.folder, replace(record_of(first), project="sharklab-other"))
    (second.seat.folder / record.FILE).unlink()
    found = {one.name for one in course.strays(own, paper.instances.all())}
    assert found == set(paper.found)


def _pool(name: str, status: str) -> Pool:
    return Pool(name, "btrfs", status, {}, ())
