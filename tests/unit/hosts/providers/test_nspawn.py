"""Containers: the command that boots a host, and the facts about it."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import paths, process
from sharklab.hosts.image import Image, Layers
from sharklab.hosts.providers import (
    access,
    cgroups,
    claims,
    disk,
    disk_file,
    network,
    nspawn,
    readiness,
    shared_limits,
    user_ranges,
)
from sharklab.lab.model import Plan


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    """Return a base image without any layer."""
    (tmp_path / "image" / "root").mkdir(parents=True)
    return Layers(Image("debian12", "Debian", tmp_path / "image"), tmp_path / "image")


def test_start_hands_the_keeper_all_that_it_needs(
    seat_plan: Plan, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remains of a crash are removed first; the disk and the cables are written before the command."""
    server, calls = seat_plan.hosts[0], []
    access.prepare(seat_plan)
    monkeypatch.setattr(cgroups, "end", lambda unit: calls.append(("end", unit)))
    monkeypatch.setattr(cgroups, "launcher", lambda unit, limits: ["launch", unit])
    monkeypatch.setattr(process, "run", lambda argv: calls.append(("run", list(map(str, argv)))))
    claims.claim(seat_plan.seat.id, seat_plan.seat.folder)
    monkeypatch.setattr(disk, "limit_disk", lambda plan, host: None)
    nspawn.start(seat_plan, server, layers, True)
    unit = network.namespace(seat_plan.seat.id, "server")
    folder = disk.folder(seat_plan, "server")
    [(_, ended), (_, argv)] = calls
    assert unit == ended
    told = f"NOTIFY_SOCKET={readiness.place(seat_plan.seat.id, 'server')}"
    assert ["launch", unit, "env", told, "setsid", "--fork", "sh", str(nspawn.KEEPER)] == argv[:8]
    seat = network.namespace(seat_plan.seat.id)
    number = (folder / "start").read_text()
    assert [str(claims.file(seat_plan.seat.id)), seat, unit, str(folder), number] == argv[8:13]
    first = user_ranges.take(seat_plan.seat.id, "server")
    lowers = disk.lower_links(seat_plan, "server", layers)
    interfaces = ["mgmt", *server.networks]
    command = nspawn.command(unit, "server", interfaces, lowers, first)
    assert [*map(str, command), "--notify-ready=yes", "--boot"] == argv[13:]
    assert network.cable_commands(seat_plan, server) == (folder / "network").read_text()
    assert (folder / "lowers").exists()


@pytest.mark.parametrize(("number", "keeps"), [("1", False), ("2", True)])
def test_keeper_of_an_earlier_start_ends_itself(tmp_path: Path, number: str, keeps: bool) -> None:
    """A command that was killed may still start one while the next command starts the host."""
    (tmp_path / "start").write_text("2")
    nowhere = [tmp_path / "owner", "sl-none", "sl-none-server"]
    words = ["sh", nspawn.KEEPER, *nowhere, tmp_path, number, "true"]
    subprocess.run(list(map(str, words)), check=False, capture_output=True)
    assert keeps == (tmp_path / "console.log").exists()


def test_command_takes_the_interfaces_of_the_host() -> None:
    """Its control group is ours, its console is read only, and its users are those of its range."""
    words = [
        str(word) for word in nspawn.command("sl-a-client", "client", ["mgmt", "lan"], "lower0", 0x80000)
    ]
    assert ["sl-a-client", "524288", "lower0"] == words[words.index(str(nspawn.BOOT)) + 1 :][:3]
    assert {
        "--directory=root",
        "--keep-unit",
        "--console=read-only",
        "--hostname=client",
        "--machine=sl-a-client",
        "--private-users=524288:65536",
        "--private-users-ownership=off",
        "--private-network",
        "--network-interface=mgmt",
        "--network-interface=lan",
    } <= set(words)
    assert Path("/dev/fuse").exists() == any(word.endswith(":/dev/fuse") for word in words)


def test_command_bounds_the_log_of_the_console() -> None:
    """A host may write there without end, onto the disk of this machine; its own files have no such limit."""
    words = [str(word) for word in nspawn.command("sl-a-client", "client", [], "lower0", 0x80000)]
    limit = words.index("prlimit")
    assert f"--fsize={nspawn.CONSOLE}:unlimited" == words[limit + 1]
    assert limit < words.index("systemd-nspawn") < words.index("--rlimit=RLIMIT_FSIZE=infinity")


def test_command_without_users_and_network() -> None:
    """The users are those of the machine; no namespace is looked for where no interface is taken."""
    words = [str(word) for word in nspawn.command("sl-a-client", "client", [], "lower0", None)]
    assert ["-", "-", "lower0"] == words[words.index(str(nspawn.BOOT)) + 1 :][:3]
    assert not [word for word in words if word.startswith(("--private-users", "--network-interface"))]


def test_facts_are_those_that_ansible_would_gather(seat_plan: Plan, layers: Layers) -> None:
    """The family of the image, the kind of guest, and the key by which SSH knows the host."""
    access.prepare(seat_plan)
    found = nspawn.facts(seat_plan, seat_plan.hosts[0], layers)
    key = access.public(access.host_key(seat_plan, "server"))
    assert ("Debian", key.split()[1]) == (found["os_family"], found["ssh_host_key_ed25519_public"])


def usage(memory: int = 10, processes: int = 10, killed: int = 0) -> cgroups.Usage:
    """Return the usage of a host with the usual limits."""
    return cgroups.Usage(memory, processes, killed, 0, nspawn.LIMITS.memory, nspawn.LIMITS.processes)


def test_limits_leave_room_for_browsers(seat_plan: Plan) -> None:
    """The probes of `reachability` start twelve at once on the host with the network tools."""
    host = seat_plan.hosts[0]
    browsing = nspawn.limits(replace(host, roles=("common", "network_tools")), paths.ROOT)
    assert nspawn.limits(host, paths.ROOT).memory < browsing.memory


@pytest.mark.parametrize(
    ("used", "values"),
    [
        (usage(), []),
        (usage(processes=500), [{"host": "client", "processes": 500, "limit": 512}]),
        (usage(killed=2), [{"host": "client", "memory": 768, "count": 2}]),
        (usage(memory=760 * 2**20), [{"host": "client", "used": 760, "memory": 768}]),
    ],
    ids=["none", "processes", "memory ran out", "memory is full"],
)
def test_reached_tells_each_limit(
    used: cgroups.Usage, values: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` and `shell` say so to the owner of the seat."""
    monkeypatch.setattr(cgroups, "usage", lambda unit: used)
    monkeypatch.setattr(cgroups, "processes", lambda unit: [os.getpid()])
    assert [] == list(
        nspawn.find_reached_limits("sl-a-client", "client")
    )  # a virtual machine, which has no nspawn
    monkeypatch.setattr(nspawn, "_is_nspawn", lambda pid: True)
    assert values == [message.values for message in nspawn.find_reached_limits("sl-a-client", "client")]


def test_reached_tells_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 95 of 100 on."""
    monkeypatch.setattr(cgroups, "usage", lambda unit: usage())
    monkeypatch.setattr(cgroups, "processes", lambda unit: [os.getpid()])
    monkeypatch.setattr(nspawn, "_is_nspawn", lambda pid: True)
    for part, sentences in ((0.94, 0), (0.96, 1)):
        monkeypatch.setattr(disk_file, "measure_use", lambda pid, part=part: part)
        assert sentences == len(list(nspawn.find_reached_limits("sl-a-client", "client")))


def test_reached_tells_the_host_that_takes_the_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """All containers share them, so one that takes them keeps others from a login."""
    monkeypatch.setattr(cgroups, "usage", lambda unit: usage())
    monkeypatch.setattr(cgroups, "processes", lambda unit: [os.getpid()])
    monkeypatch.setattr(nspawn, "_is_nspawn", lambda pid: True)
    monkeypatch.setattr(shared_limits, "count_terminals", lambda pids: 40_000)
    monkeypatch.setattr(shared_limits, "limit_of_terminals", lambda: 65_536)
    [told] = nspawn.find_reached_limits("sl-a-client", "client")
    assert {"host": "client", "count": 40_000, "limit": 65_536} == told.values


def test_reached_tells_a_disk_that_takes_no_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a container; a virtual machine has no nspawn."""
    monkeypatch.setattr(cgroups, "usage", lambda unit: usage())
    monkeypatch.setattr(cgroups, "processes", lambda unit: [os.getpid()])
    monkeypatch.setattr(disk_file, "is_read_only", lambda pid: True)
    assert not nspawn.is_read_only("sl-a-client")
    monkeypatch.setattr(nspawn, "_is_nspawn", lambda pid: True)
    assert nspawn.is_read_only("sl-a-client")
    [told] = nspawn.find_reached_limits("sl-a-client", "client")
    assert told.msgid.startswith("host {host} cannot write any more, ")


def test_power_off_tells_nspawn_alone(
    seat_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper and the host's own processes get no signal."""
    program = tmp_path / "systemd-nspawn"
    program.symlink_to("/bin/sleep")
    with (
        subprocess.Popen([program, "600"], executable=program) as spawn,
        subprocess.Popen(["sleep", "600"]) as other,
    ):
        monkeypatch.setattr(cgroups, "processes", lambda unit: [other.pid, spawn.pid])
        nspawn.power_off(seat_plan, seat_plan.hosts[0])
        assert -signal.SIGTERM == spawn.wait()
        assert other.poll() is None
        other.kill()
