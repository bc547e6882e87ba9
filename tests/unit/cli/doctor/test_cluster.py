"""The doctor of a cluster: what it concludes from the answers of an engine."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sharklab.cli.doctor import DiagnosisStatus, cluster
from sharklab.cli.doctor.cluster import ExaminedMember
from sharklab.hosts.providers.cluster import client
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.errors import TooLate
from sharklab.hosts.providers.cluster.model import (
    EngineNetwork,
    Member,
    MemberStatus,
    Pool,
    Resources,
    Server,
)
from tests.support.engine_socket import ScriptedEngine, scripted_engine

OK, WARNING, MISSING, OPTIONAL = (
    DiagnosisStatus.OK,
    DiagnosisStatus.WARNING,
    DiagnosisStatus.MISSING,
    DiagnosisStatus.OPTIONAL,
)
GIB = cluster.GIBIBYTE

SERVER = Server(
    engine="incus",
    version="6.0.4",
    name="m1",
    trusted=True,
    kernel="6.18",
    drivers=("lxc",),
    features=frozenset({"idmapped_mounts"}),
    config={},
)
MEMBER = Member("m1", MemberStatus.ONLINE, "Fully operational", "https://m1", platform.machine(), {})
SEEN = ExaminedMember(SERVER, Resources(8 * GIB, GIB, 4), 16384)
POOL = Pool("default", "btrfs", "Created", {}, ("m1",))
NETWORK = EngineNetwork("slxn0", "bridge", True, "Created", {}, ("m1",))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ScriptedEngine]:
    """An engine at the place that INCUS_DIR names, and a course that has used none yet."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    with TemporaryDirectory() as folder, scripted_engine(Path(folder)) as scripted:
        monkeypatch.delenv("LXD_DIR", raising=False)
        monkeypatch.setenv("INCUS_DIR", folder)
        yield scripted


def _about(auth: str = "trusted") -> dict[str, object]:
    about: dict[str, object] = {"server": "lxd", "server_version": "5.0.2", "server_name": "m1"}
    about |= {"driver": "lxc", "kernel_features": {"idmapped_mounts": "true"}}
    return {"auth": auth, "environment": about}


def test_whole_cluster_in_the_order_for_reading(engine: ScriptedEngine) -> None:
    """Two members, one of which is down: nothing is asked of that one."""
    engine.gives("GET /1.0", _about())
    engine.gives("GET /1.0/cluster", {"enabled": True})
    members = [
        {"server_name": "m1", "status": "Online", "architecture": platform.machine()},
        {"server_name": "m2", "status": "Offline", "message": "silent", "architecture": platform.machine()},
    ]
    engine.gives("GET /1.0/cluster/members", members)
    engine.gives("GET /1.0/resources", {"memory": {"total": 8 * GIB, "used": GIB}, "cpu": {"total": 4}})
    engine.gives("GET /1.0/instances", [])
    engine.gives("GET /1.0/storage-pools", [{"name": "default", "driver": "btrfs", "status": "Created"}])
    engine.gives("GET /1.0/storage-pools/default/resources", {"space": {"total": 9 * GIB, "used": 0}})
    engine.gives("GET /1.0/networks", [])
    found = list(cluster.examine(None))
    assert [each.name.msgid for each in found] == [
        "engine",
        "member {name}",
        "member {name}",
        "placement",
        "room for hosts",
        "processors",
        "versions",
        "users of the hosts",
        "inotify limit",
        "virtual machines",
        "storage pool {name}",
        "networks",
    ]
    assert [OK, OK, WARNING, OK, OK, OK, OK, OK] == [each.status for each in found[:8]]
    assert [OPTIONAL, OK, WARNING] == [each.status for each in found[9:]]
    assert all(one.query.get("target") in (None, "m1") for one in engine.asked)


def test_engine_that_does_not_answer_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the error's own remedy."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setenv("LXD_DIR", str(tmp_path))
    [finding] = cluster.examine("")
    assert (MISSING, True) == (finding.status, bool(finding.remedy))


def test_engine_that_hangs_is_to_be_restarted(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor does not send its reader to the doctor."""

    def hang(own: Client, member: str = "") -> Server:
        raise TooLate("late", hint="ask the doctor")

    monkeypatch.setattr(Client, "server", hang)
    [finding] = cluster.examine("")
    assert finding.remedy and finding.remedy.msgid.startswith("restart the engine")


def test_client_that_is_not_trusted_sees_nothing_more(engine: ScriptedEngine) -> None:
    """The remedy is a token."""
    engine.gives("GET /1.0", _about("untrusted"))
    [finding] = cluster.examine("")
    assert (MISSING, "LXD") == (finding.status, finding.meaning.values["engine"])


def test_limit_of_a_member_is_read_in_a_host_there(engine: ScriptedEngine) -> None:
    """No call of the API tells it; a host that runs on the member sees it."""
    engine.gives("GET /1.0/resources", {"memory": {"total": 1, "used": 0}, "cpu": {"total": 1}})
    engine.gives("GET /1.0", _about())
    host = {"name": "h", "type": "container", "status": "Running", "location": "m2", "project": "p"}
    engine.gives("GET /1.0/instances", [host])
    log = "/1.0/instances/h/logs/1"
    engine.works("POST /1.0/instances/h/exec", metadata={"return": 0, "output": {"1": log}})
    engine.answers[f"GET {log}"] = b"128\n"
    engine.gives(f"DELETE {log}", {})
    with client.connect() as connected:
        assert 128 == cluster._look(connected, replace(MEMBER, name="m2"), SERVER).inotify
        assert None is cluster._look(connected, replace(MEMBER, name="m3"), SERVER).inotify


@pytest.mark.parametrize(
    ("limits", "status"), [((16384, 1024), OK), ((16384, 128), WARNING), ((16384, None), WARNING)]
)
def test_inotify_of_every_member_counts(limits: tuple[int | None, ...], status: DiagnosisStatus) -> None:
    """128 were seen to carry 18 hosts of a member."""
    finding = cluster.inotify({str(number): replace(SEEN, inotify=one) for number, one in enumerate(limits)})
    assert status is finding.status
    if 128 in limits:
        assert (18, ("1",)) == (finding.meaning.values["count"], finding.meaning.values["small"])


def test_room_is_the_memory_of_the_members() -> None:
    """A cluster without any is no place for a seat."""
    assert OK is cluster.room({"m1": SEEN}).status
    full = replace(SEEN, resources=Resources(GIB, GIB, 1))
    assert MISSING is cluster.room({"m1": full}).status


def test_placement_names_the_members_that_take_no_seat() -> None:
    """Their administrator keeps them for other instances. A scriptlet of the engine is not asked."""
    assert {} == cluster.placement_of_seats([MEMBER], SERVER).meaning.values
    kept = replace(MEMBER, name="m2", config={"scheduler.instance": "manual"})
    found = cluster.placement_of_seats([MEMBER, kept], SERVER)
    assert (OK, ("m2",)) == (found.status, found.meaning.values["reserved"])
    ruled = replace(SERVER, config={"instances.placement.scriptlet": "def instance_placement(): ..."})
    assert WARNING is cluster.placement_of_seats([MEMBER, kept], ruled).status


def test_member_of_another_architecture_cannot_run_the_images() -> None:
    """This computer makes them."""
    assert OK is cluster.architectures([MEMBER], platform.machine()).status
    finding = cluster.architectures(
        [MEMBER, replace(MEMBER, name="m2", architecture="riscv64")], platform.machine()
    )
    assert (MISSING, ("m2",)) == (finding.status, finding.meaning.values["others"])


def test_members_of_different_versions_and_kernels() -> None:
    """An upgrade that is not finished, and a kernel that changes the owner of each file."""
    old = replace(SEEN, server=replace(SERVER, version="6.0.3", features=frozenset()))
    assert (OK, OK) == (cluster.versions({"m1": SEEN}).status, cluster.users({"m1": SEEN}).status)
    both = {"m1": SEEN, "m2": old}
    assert ("6.0.3", "6.0.4") == cluster.versions(both).meaning.values["found"]
    assert ("m2",) == cluster.users(both).meaning.values["slow"]


def test_engine_that_changes_owners_although_the_kernel_could_shift_them(engine: ScriptedEngine) -> None:
    """A host that has run tells it: LXD 5.0.2 asks a newer kernel in a way that it refuses."""
    engine.gives("GET /1.0/resources", {"memory": {"total": 1, "used": 0}, "cpu": {"total": 1}})
    engine.gives("GET /1.0", _about())
    shifted = '[{"Isuid":true,"Isgid":false,"Hostid":65536,"Nsid":0,"Maprange":65536}]'
    for owners, expected in (("[]", OK), (shifted, WARNING)):
        host = {"name": "a", "status": "Stopped", "location": "m1"}
        engine.gives(
            "GET /1.0/instances", [{**host, "config": {"volatile.last_state.idmap": owners}}, {**host}]
        )
        with client.connect() as connected:
            look = cluster._look(connected, MEMBER, replace(SERVER, name="m2"))
        assert expected is cluster.users({"m1": look}).status


def test_virtual_machines_are_optional() -> None:
    """The members that can run them are named, and those that cannot."""
    able = replace(SEEN, server=replace(SERVER, drivers=("lxc", "qemu")))
    assert OK is cluster.virtual_machines({"m1": able}).status
    some = cluster.virtual_machines({"m1": able, "m2": SEEN})
    assert (OPTIONAL, ("m1",), ("m2",)) == (some.status, *map(some.meaning.values.get, ("able", "unable")))
    assert OPTIONAL is cluster.virtual_machines({"m2": SEEN}).status


@pytest.mark.parametrize(
    ("driver", "free", "status"), [("btrfs", 9, OK), ("dir", 9, WARNING), ("btrfs", 1, WARNING)]
)
def test_pool_clones_and_has_space(driver: str, free: int, status: DiagnosisStatus) -> None:
    """A pool of directories copies every host."""
    assert (
        status is cluster.pool_itself(replace(POOL, driver=driver), {"m1": 9 * GIB, "m2": free * GIB}).status
    )


def test_networks_that_were_made_by_half() -> None:
    """They keep machines from joining; while a member is down, no network can be made."""
    assert OK is cluster.networks([NETWORK], [MEMBER]).status
    assert ("slxn0",) == cluster.networks([replace(NETWORK, status="Errored")], [MEMBER]).meaning.values[
        "broken"
    ]
    down = replace(MEMBER, name="m2", status=MemberStatus.OFFLINE)
    assert ("m2",) == cluster.networks([NETWORK], [MEMBER, down]).meaning.values["down"]
    evacuated = replace(down, status=MemberStatus.EVACUATED)  # its engine makes networks as ever
    assert OK is cluster.networks([NETWORK], [MEMBER, evacuated]).status
