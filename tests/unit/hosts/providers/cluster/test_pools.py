"""Storage pools: a part of its own on each member."""

from __future__ import annotations

from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.members import ALONE
from sharklab.hosts.providers.cluster.model import Pool, Space
from tests.support.engine_socket import ScriptedEngine


def test_space_of_a_pool_on_a_member(engine: ScriptedEngine, course: Client) -> None:
    """Each member has a part of its own."""
    engine.gives("GET /1.0/storage-pools/p/resources", {"space": {"used": 1, "total": 9}})
    assert Space(9, 1) == course.pools.space("p", "m1")
    assert {"target": "m1"} == engine.last("GET").query


def test_pool_is_made_on_every_member(engine: ScriptedEngine, course: Client) -> None:
    """First each member's own part, then the whole."""
    engine.gives("POST /1.0/storage-pools", {})
    course.pools.create("p", "btrfs", ["m1", "m2"], config={"x": "y"}, member_config={"m2": {"size": "9GiB"}})
    first, second, whole = (one for one in engine.asked if one.method == "POST")
    assert ["m1", "m2", None] == [one.query.get("target") for one in (first, second, whole)]
    assert ({}, {"size": "9GiB"}) == (first.plain["config"], second.plain["config"])
    assert {"name": "p", "driver": "btrfs", "config": {"x": "y"}} == whole.plain


def test_single_server_has_the_whole_pool(engine: ScriptedEngine, course: Client) -> None:
    """Without a cluster the pool is made by one request, and then it is in the list."""
    engine.gives("POST /1.0/storage-pools", {})
    engine.gives("GET /1.0/storage-pools", [{"name": "p", "driver": "dir", "status": "Created"}])
    course.pools.create("p", "dir", [ALONE])
    assert {} == engine.last("POST").query and 1 == len(engine.asked)
    assert [Pool("p", "dir", "Created", {}, (), ())] == course.pools.all()
