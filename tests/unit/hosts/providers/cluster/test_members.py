"""The members: their state and their memory."""

from __future__ import annotations

import pytest

from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.model import MemberStatus, Resources
from tests.support.engine_socket import ScriptedEngine


def test_members_with_status_and_memory(engine: ScriptedEngine, course: Client) -> None:
    """A member that does not answer is listed, and no new instance can be put on it."""
    engine.gives("GET /1.0/cluster", {"enabled": True})
    engine.gives(
        "GET /1.0/cluster/members",
        [
            {"server_name": "m2", "status": "Offline", "message": "No heartbeat", "url": "https://m2"},
            {"server_name": "m1", "status": "Online", "message": "Fully operational", "url": "https://m1"},
        ],
    )
    engine.gives("GET /1.0/resources", {"memory": {"total": 10, "used": 4}, "cpu": {"total": 2}})
    first, second = course.members.all()
    assert [("m1", True), ("m2", False)] == [(one.name, one.ready) for one in (first, second)]
    assert MemberStatus.OFFLINE is second.status
    assert Resources(10, 4, 2) == course.members.resources("m1")
    assert 6 == course.members.resources("m1").memory_free
    assert {"target": "m1"} == engine.last("GET").query


def test_server_without_a_cluster_is_its_own_member(engine: ScriptedEngine, course: Client) -> None:
    """A single machine works like a cluster of one; it takes no target."""
    engine.gives("GET /1.0/cluster", {"enabled": False})
    engine.gives("GET /1.0", {"environment": {"kernel_architecture": "x86_64"}})
    engine.gives("GET /1.0/resources", {"memory": {"total": 10, "used": 4}, "cpu": {"total": 2}})
    (alone,) = course.members.all()
    course.members.resources(alone.name)
    assert (True, "x86_64", {}) == (alone.ready, alone.architecture, engine.last("GET").query)


@pytest.mark.parametrize(
    ("sentence", "seconds"),
    [
        ("No heartbeat for 21.094s (2026-11-29 18:40:01 +0000 UTC)", 21.094),
        ("No heartbeat for 1h2m3.5s (2026-11-29 17:40:01 +0000 UTC)", 3723.5),
        ("No heartbeat for 2m0s (2026)", 120.0),
        ("Fully operational", 0.0),
    ],
)
def test_silence_of_a_member_is_read(
    engine: ScriptedEngine, course: Client, sentence: str, seconds: float
) -> None:
    """In the words of LXD 5.0.2 and Incus 6.0.4."""
    engine.gives("GET /1.0/cluster", {"enabled": True})
    about = {"server_name": "m1", "status": "Offline", "message": sentence}
    engine.gives("GET /1.0/cluster/members", [about])
    (member,) = course.members.all()
    assert seconds == member.silence
