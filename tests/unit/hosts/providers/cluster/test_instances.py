"""Instances: the request that each function sends, and the data that it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sharklab.hosts.providers.cluster import instances
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.errors import EngineRefusal
from sharklab.hosts.providers.cluster.instances import CopyOf, FromImage
from sharklab.hosts.providers.cluster.model import InstanceKind, InstanceUsage, Power, Ran
from tests.support.engine_socket import ScriptedEngine
from tests.support.errors import error_of


@dataclass
class Clock:
    """A clock that goes on only while somebody sleeps: 40 s each time. `then` is done meanwhile."""

    now: float = 0.0
    then: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += 40.0
        self.then()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of the instances; a request has its usual limits, however slow this machine is."""
    found = Clock()
    monkeypatch.setattr(instances, "time", found)
    return found


def _count(engine: ScriptedEngine, method: str) -> int:
    return len([one for one in engine.asked if one.method == method])


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
    assert (Power.LOST, InstanceKind.UNKNOWN, "m2", {}) == (lost.power, lost.kind, lost.member, lost.config)
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
    course.instances.unfreeze("a")
    assert {"action": "unfreeze"} == engine.last("PUT").plain
    course.instances.delete("a")


def test_change_waits_until_the_engine_has_ended_its_own_work(
    engine: ScriptedEngine, course: Client, clock: Clock
) -> None:
    """After a failed start the engine cleans up, and refuses everything else until then."""
    busy = {"status": "Failure", "status_code": 400, "err": 'Instance is busy running a "stop" operation'}
    engine.works("DELETE /1.0/instances/a", **busy)
    clock.then = lambda: engine.works("DELETE /1.0/instances/a")
    course.instances.delete("a")
    assert 2 == _count(engine, "DELETE")


def test_change_of_a_busy_instance_has_a_limit(engine: ScriptedEngine, course: Client, clock: Clock) -> None:
    """All tries share it. The words of the engine are told after it; another refusal is told at once."""
    busy = {"status": "Failure", "status_code": 400, "err": 'Instance is busy running a "stop" operation'}
    engine.works("DELETE /1.0/instances/a", **busy)
    assert busy["err"] == error_of(EngineRefusal, course.instances.delete, "a", limit=60).values["said"]
    assert 2 == _count(engine, "DELETE")
    assert ["60", "20"] == [one.query["timeout"] for one in engine.asked if one.method == "GET"]
    engine.asked.clear()
    engine.works("DELETE /1.0/instances/a", **busy | {"err": "It is protected"})
    error_of(EngineRefusal, course.instances.delete, "a", limit=60)
    assert 1 == _count(engine, "DELETE")


def test_failed_start_has_the_cause_of_the_log(engine: ScriptedEngine, course: Client) -> None:
    """The engine names only its own command; lxc.log has the reason."""
    engine.works(
        "PUT /1.0/instances/a/state", status="Failure", status_code=400, err="Failed to run: forkstart"
    )
    log = (
        "lxc a 1 WARN x - ../a.c:1 - No\nlxc a 2 ERROR start - ../start.c:9 - Denied - Could not access /x\n"
    )
    error = error_of(EngineRefusal, lambda: course.instances.start("a"))
    assert "Failed to run: forkstart" == error.values["said"]
    engine.answers["GET /1.0/instances/a/logs/lxc.log"] = log.encode()
    error = error_of(EngineRefusal, lambda: course.instances.start("a"))
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


def test_file_is_pushed_for_root_alone(engine: ScriptedEngine, course: Client) -> None:
    """Both engines' names of the headers are sent."""
    engine.gives("POST /1.0/instances/a/files", {})
    course.instances.push("a", "/root/x", b"\x00content")
    asked = engine.last("POST")
    assert (b"\x00content", "/root/x") == (asked.body, asked.query["path"])
    for prefix in ("x-lxd-", "x-incus-"):
        assert ("0600", "0", "file") == tuple(
            asked.headers[prefix + name] for name in ("mode", "uid", "type")
        )


def test_addresses_of_an_instance(engine: ScriptedEngine, course: Client) -> None:
    """Link-local ones are left out."""
    card = {
        "addresses": [
            {"address": "10.0.0.2", "netmask": "24", "scope": "global"},
            {"address": "fe80::1", "netmask": "64", "scope": "link"},
        ]
    }
    engine.gives("GET /1.0/instances/a/state", {"memory": {"usage": 5}, "network": {"eth0": card}})
    assert InstanceUsage(5, {"eth0": ("10.0.0.2/24",)}) == course.instances.usage("a")


def test_snapshot_keeps_the_disk_and_gives_it_back(engine: ScriptedEngine, course: Client) -> None:
    """The list of an engine has addresses; a snapshot of a similar name is another."""
    engine.gives("GET /1.0/instances/a/snapshots", ["/1.0/instances/a/snapshots/start-2?project=p"])
    assert not course.instances.has_snapshot("a", "start")
    assert course.instances.has_snapshot("a", "start-2")
    engine.works("POST /1.0/instances/a/snapshots")
    engine.works("DELETE /1.0/instances/a/snapshots/start")
    engine.works("PUT /1.0/instances/a")
    course.instances.snapshot("a", "start")
    course.instances.put_back("a", "start")
    course.instances.delete_snapshot("a", "start")
    assert {"name": "start", "stateful": False} == engine.last("POST").plain
    assert {"restore": "start"} == engine.last("PUT").plain
    assert "/1.0/instances/a/snapshots/start" == engine.last("DELETE").path


def test_instance_is_moved(engine: ScriptedEngine, course: Client) -> None:
    """A move names the new member."""
    engine.works("POST /1.0/instances/a")
    course.instances.move("a", "m2")
    asked = engine.last("POST")
    assert ({"name": "a", "migration": True}, "m2") == (asked.plain, asked.query["target"])
