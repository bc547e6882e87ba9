"""Storage pools: a part of its own on each member."""

from __future__ import annotations

from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.model import Pool, Space
from tests.support.engine_socket import ScriptedEngine


def test_space_of_a_pool_on_a_member(engine: ScriptedEngine, course: Client) -> None:
    """Each member has a part of its own."""
    engine.gives("GET /1.0/storage-pools/p/resources", {"space": {"used": 1, "total": 9}})
    assert Space(9, 1) == course.pools.space("p", "m1")
    assert {"target": "m1"} == engine.last("GET").query


def test_pools_are_listed(engine: ScriptedEngine, course: Client) -> None:
    """Each with its driver and its state."""
    engine.gives("GET /1.0/storage-pools", [{"name": "p", "driver": "dir", "status": "Created"}])
    assert [Pool("p", "dir", "Created", {}, ())] == course.pools.all()
