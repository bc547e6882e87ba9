"""The typed functions of the client: the request that each sends, and the data that it returns."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.errors import NotFound, Refused
from sharklab.hosts.providers.cluster.instances import CopyOf, FromImage
from sharklab.hosts.providers.cluster.model import Kind, MemberStatus, Pool, Power, Ran, Resources, Space
from tests.support.engine_socket import ScriptedEngine
from tests.support.errors import error_of

ABOUT = {
    "auth": "trusted",
    "api_extensions": ["clustering"],
    "config": {},
    "environment": {
        "server": "incus",
        "server_version": "6.0.4",
        "server_name": "m1",
        "server_clustered": True,
        "kernel_architecture": "x86_64",
        "kernel_version": "6.18",
        "driver": "lxc | qemu",
        "storage_supported_drivers": [{"Name": "btrfs"}],
        "kernel_features": {"idmapped_mounts": "true", "shiftfs": "false"},
    },
}


def test_server_is_either_engine(engine: ScriptedEngine, course: Client) -> None:
    """What answered, and what it can run."""
    engine.gives("GET /1.0", ABOUT)
    server = course.server()
    assert ("incus", "6.0.4", True, True) == (server.engine, server.version, server.clustered, server.trusted)
    assert (("lxc", "qemu"), ("btrfs",)) == (server.drivers, server.storage_drivers)
    assert (frozenset({"idmapped_mounts"}), frozenset({"clustering"})) == (server.features, server.extensions)


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
    engine.gives("GET /1.0", ABOUT)
    engine.gives("GET /1.0/resources", {"memory": {"total": 10, "used": 4}, "cpu": {"total": 2}})
    (alone,) = course.members.all()
    course.members.resources(alone.name)
    assert (True, {}) == (alone.ready, engine.last("GET").query)


def test_evacuation_restoring_and_removal(engine: ScriptedEngine, course: Client) -> None:
    """Each is one operation."""
    engine.works("POST /1.0/cluster/members/m1/state")
    engine.works("DELETE /1.0/cluster/members/m1")
    course.members.evacuate("m1")
    assert {"action": "evacuate"} == engine.last("POST").plain
    course.members.restore("m1")
    assert {"action": "restore"} == engine.last("POST").plain
    course.members.remove("m1", force=True)
    assert {"force": "1"} == engine.last("DELETE").query


def test_instance_is_made_on_the_named_member(engine: ScriptedEngine, course: Client) -> None:
    """From an image or as a copy, in the project of the client."""
    engine.works("POST /1.0/instances")
    golden = {
        "config": {"user.x": "0", "volatile.uuid": "u", "user.y": "2"},
        "devices": {"root": {"type": "disk"}},
    }
    golden |= {"architecture": "x86_64", "type": "virtual-machine", "profiles": ["p"]}
    engine.gives("GET /1.0/instances/g", golden)
    course.instances.create(
        "a", FromImage("golden"), member="m2", config={"user.x": "1"}, devices={"root": {"type": "disk"}}
    )
    asked = engine.last("POST")
    assert {"project": "sharklab-tp", "target": "m2"} == asked.query
    assert {"type": "image", "alias": "golden"} == asked.plain["source"]
    assert ("container", {"user.x": "1"}, []) == tuple(
        asked.plain[one] for one in ("type", "config", "profiles")
    )
    course.instances.create("b", CopyOf("g", "sharklab"), config={"user.x": "1"}, devices={"eth0": {}})
    asked = engine.last("POST")
    assert ({"project": "sharklab-tp"}, {"project": "sharklab"}) == (asked.query, engine.asked[-3].query)
    assert ("copy", "g", "sharklab") == tuple(
        asked.plain["source"][one] for one in ("type", "source", "project")
    )
    assert {"user.x": "1", "user.y": "2"} == asked.plain["config"]
    assert {"root": {"type": "disk"}, "eth0": {}} == asked.plain["devices"]
    assert ("x86_64", "virtual-machine", ["p"]) == tuple(
        asked.plain[one] for one in ("architecture", "type", "profiles")
    )


def test_instances_of_a_dead_member_are_lost(engine: ScriptedEngine, course: Client) -> None:
    """The engine lists them with the state Error."""
    said = {"name": "a", "type": "", "status": "Error", "location": "m2", "project": "p"}
    engine.gives(
        "GET /1.0/instances",
        [said, said | {"name": "b", "type": "container", "status": "Running", "config": {"user.x": "1"}}],
    )
    lost, running = course.instances.all()
    assert (Power.LOST, Kind.UNKNOWN, "m2", {}) == (lost.power, lost.kind, lost.member, lost.config)
    assert (Power.RUNNING, {"user.x": "1"}) == (running.power, running.config)


def test_power_of_an_instance(engine: ScriptedEngine, course: Client) -> None:
    """Start, stop at once, stop in good order, freeze, and removal, which may be repeated."""
    engine.works("PUT /1.0/instances/a/state")
    course.instances.start("a")
    assert {"action": "start"} == engine.last("PUT").plain
    course.instances.stop("a")
    assert {"action": "stop", "force": True} == engine.last("PUT").plain
    course.instances.stop("a", force=False, limit=9)
    assert {"action": "stop", "force": False, "timeout": 9} == engine.last("PUT").plain
    course.instances.freeze("a")
    assert {"action": "freeze"} == engine.last("PUT").plain
    course.instances.delete("a")


def test_change_waits_until_the_engine_has_ended_its_own_work(
    engine: ScriptedEngine, course: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed start the engine cleans up, and refuses everything else until then."""
    busy = {"status": "Failure", "status_code": 400, "err": 'Instance is busy running a "stop" operation'}
    engine.works("DELETE /1.0/instances/a", **busy)
    error_of(Refused, lambda: course.instances.delete("a", limit=0.01))
    engine.asked.clear()
    monkeypatch.setattr("time.sleep", lambda seconds: engine.works("DELETE /1.0/instances/a"))
    course.instances.delete("a")
    assert 2 == len([one for one in engine.asked if one.method == "DELETE"])


def test_failed_start_has_the_cause_of_the_log(engine: ScriptedEngine, course: Client) -> None:
    """The engine names only its own command; lxc.log has the reason."""
    engine.works(
        "PUT /1.0/instances/a/state", status="Failure", status_code=400, err="Failed to run: forkstart"
    )
    log = (
        "lxc a 1 WARN x - ../a.c:1 - No\nlxc a 2 ERROR start - ../start.c:9 - Denied - Could not access /x\n"
    )
    error = error_of(Refused, lambda: course.instances.start("a"))
    assert "Failed to run: forkstart" == error.values["said"]
    engine.answers["GET /1.0/instances/a/logs/lxc.log"] = log.encode()
    error = error_of(Refused, lambda: course.instances.start("a"))
    assert "Failed to run: forkstart (Could not access /x)" == error.values["said"]


def test_command_returns_its_code_and_both_outputs(engine: ScriptedEngine, course: Client) -> None:
    """The engine records the outputs in files, which are taken away afterwards."""
    logs = {one: f"/1.0/instances/a/logs/{one}" for one in ("1", "2")}
    engine.works("POST /1.0/instances/a/exec", metadata={"return": 3, "output": logs})
    for one in logs:
        engine.answers[f"GET {logs[one]}"] = one.encode()
        engine.gives(f"DELETE {logs[one]}", {})
    assert Ran(3, b"1", b"2") == course.instances.run("a", ["false"])
    assert [logs["1"], logs["2"]] == [one.path for one in engine.asked if one.method == "DELETE"]


def test_file_is_pushed_with_its_owner_and_mode(engine: ScriptedEngine, course: Client) -> None:
    """Both engines' names of the headers are sent."""
    engine.gives("POST /1.0/instances/a/files", {})
    course.instances.push("a", "/root/x", b"\x00content", mode=0o600, user=7)
    asked = engine.last("POST")
    assert (b"\x00content", "/root/x") == (asked.body, asked.query["path"])
    for prefix in ("x-lxd-", "x-incus-"):
        assert ("0600", "7", "file") == tuple(
            asked.headers[prefix + name] for name in ("mode", "uid", "type")
        )
    engine.answers["GET /1.0/instances/a/files"] = b"back"
    assert b"back" == course.instances.pull("a", "/root/x")


def test_addresses_of_an_instance(engine: ScriptedEngine, course: Client) -> None:
    """Link-local ones are left out."""
    card = {
        "addresses": [
            {"address": "10.0.0.2", "netmask": "24", "scope": "global"},
            {"address": "fe80::1", "netmask": "64", "scope": "link"},
        ]
    }
    engine.gives(
        "GET /1.0/instances/a/state",
        {"status": "Running", "pid": 9, "processes": 3, "memory": {"usage": 5}, "network": {"eth0": card}},
    )
    usage = course.instances.usage("a")
    assert {"eth0": ("10.0.0.2/24",)} == usage.addresses
    assert (Power.RUNNING, 9, 3, 5) == (usage.power, usage.init, usage.processes, usage.memory)


IMAGE = {"fingerprint": "f", "aliases": [{"name": "golden"}], "type": "container", "size": 5}


def test_image_is_imported_and_named(engine: ScriptedEngine, course: Client, tmp_path: Path) -> None:
    """Split or unified; the alias moves from an older image."""
    (tmp_path / "meta").write_bytes(b"metadata of it")
    (tmp_path / "root").write_bytes(b"files of it")
    engine.works("POST /1.0/images", metadata={"fingerprint": "f"})
    engine.gives("PUT /1.0/images/aliases/golden", {})
    engine.gives("GET /1.0/images/f", IMAGE)
    image = course.images.add("golden", tmp_path / "meta", tmp_path / "root", properties={"os": "x"})
    asked = engine.last("POST")
    assert (b"metadata of it" in asked.body, b"files of it" in asked.body) == (True, True)
    assert ("os=x", {"target": "f"}) == (asked.headers["x-lxd-properties"], engine.last("PUT").plain)
    assert (("golden",), 5) == (image.aliases, image.size)
    course.images.add("golden", tmp_path / "meta")
    assert b"metadata of it" == engine.last("POST").body
    error_of(InputError, lambda: course.images.add("golden", tmp_path / "nothing"))


def test_image_is_published_from_an_instance(engine: ScriptedEngine, course: Client) -> None:
    """A new alias is made; without the image of an alias there is None."""
    engine.works("POST /1.0/images", metadata={"fingerprint": "f"})
    engine.gives("POST /1.0/images/aliases", {})
    engine.gives("GET /1.0/images/f", IMAGE)
    assert course.images.find("golden") is None
    course.images.publish("golden", "g")
    published, named = (one.plain for one in engine.asked if one.method == "POST")
    assert {"type": "instance", "name": "g"} == published["source"]
    assert {"name": "golden", "target": "f"} == named


def test_network_is_made_on_every_member(engine: ScriptedEngine, course: Client) -> None:
    """First each member's own part, then the whole."""
    engine.gives("POST /1.0/networks", {})
    course.networks.create(
        "seat0", ["m1", "m2"], config={"ipv4.address": "none"}, member_config={"m1": {"parent": "eth0"}}
    )
    first, second, whole = (one for one in engine.asked if one.method == "POST")
    assert ["m1", "m2", None] == [one.query.get("target") for one in (first, second, whole)]
    assert ({"parent": "eth0"}, {}) == (first.plain["config"], second.plain["config"])
    assert {"ipv4.address": "none"} == whole.plain["config"]


@pytest.mark.parametrize(
    ("driver", "config", "clones"),
    [
        ("btrfs", {}, True),
        ("dir", {}, False),
        ("lvm", {}, True),
        ("lvm", {"lvm.use_thinpool": "false"}, False),
    ],
)
def test_pool_clones_or_copies(driver: str, config: dict[str, str], clones: bool) -> None:
    """A pool of directories unpacks every copy."""
    assert clones is Pool("p", driver, "Created", config, (), ()).clones


def test_space_of_a_pool_on_a_member(engine: ScriptedEngine, course: Client) -> None:
    """Each member has a part of its own."""
    engine.gives("GET /1.0/storage-pools/p/resources", {"space": {"used": 1, "total": 9}})
    assert Space(9, 1) == course.pools.space("p", "m1")
    assert {"target": "m1"} == engine.last("GET").query


def test_things_that_are_gone_are_removed_without_an_error(engine: ScriptedEngine, course: Client) -> None:
    """A removal that was interrupted can be repeated."""
    for remove in (
        course.instances.delete,
        course.images.delete,
        course.networks.delete,
        course.pools.delete,
        course.projects.delete,
        course.profiles.delete,
        course.certificates.delete,
    ):
        remove("x")
    assert 7 == len(engine.asked)
    error_of(NotFound, lambda: course.instances.get("x"))


def test_profile_and_project_are_put(engine: ScriptedEngine, course: Client) -> None:
    """A profile is made if there is none."""
    engine.gives("POST /1.0/profiles", {})
    course.profiles.put("p", config={"limits.memory": "1GiB"}, devices={})
    assert "p" == engine.last("POST").plain["name"]
    engine.gives("POST /1.0/projects", {})
    assert course.projects.find("q") is None
    course.projects.create("q", config={"features.images": "false"})
    assert {"features.images": "false"} == engine.last("POST").plain["config"]


def test_client_is_trusted_for_its_projects_alone(engine: ScriptedEngine, course: Client) -> None:
    """A certificate with projects is restricted to them."""
    engine.gives("POST /1.0/certificates", {})
    course.certificates.trust("teacher", b"der", projects=["sharklab-tp"])
    asked = engine.last("POST").plain
    assert (True, ["sharklab-tp"], "ZGVy") == (asked["restricted"], asked["projects"], asked["certificate"])
