"""The client: the engine that answers, and what all its parts have in common."""

from __future__ import annotations

from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.errors import NotFound
from tests.support.engine_socket import ScriptedEngine
from tests.support.errors import error_of

ABOUT = {
    "auth": "trusted",
    "config": {},
    "environment": {
        "server": "incus",
        "server_version": "6.0.4",
        "server_name": "m1",
        "kernel_architecture": "x86_64",
        "kernel_version": "6.18",
        "driver": "lxc | qemu",
        "kernel_features": {"idmapped_mounts": "true", "shiftfs": "false"},
    },
}


def test_server_is_either_engine(engine: ScriptedEngine, course: Client) -> None:
    """What answered, and what it can run."""
    engine.gives("GET /1.0", ABOUT)
    server = course.server()
    assert ("incus", "6.0.4", True) == (server.engine, server.version, server.trusted)
    assert (("lxc", "qemu"), ["idmapped_mounts"]) == (server.drivers, [*server.features])


def test_things_that_are_gone_are_removed_without_an_error(engine: ScriptedEngine, course: Client) -> None:
    """A removal that was interrupted can be repeated."""
    for remove in (
        course.instances.delete,
        course.images.delete,
        course.networks.delete,
        course.projects.delete,
    ):
        remove("x")
    assert 4 == len(engine.asked)
    error_of(NotFound, lambda: course.instances.get("x"))
