"""Containers: the command that boots a host, and the facts about it."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from sharklab import process
from sharklab.hosts.image import Image, Layers
from sharklab.hosts.providers import access, cgroups, disk, marks, network, nspawn
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
    monkeypatch.setattr(cgroups, "launcher", lambda unit: ["launch", unit])
    monkeypatch.setattr(process, "run", lambda argv: calls.append(("run", list(map(str, argv)))))
    nspawn.start(seat_plan, server, layers)
    unit = network.namespace(seat_plan.seat.id, "server")
    folder = disk.folder(seat_plan, "server")
    [(_, ended), (_, argv)] = calls
    assert unit == ended
    assert ["launch", unit, "setsid", "--fork", "sh", str(nspawn.KEEPER)] == argv[:6]
    assert [
        str(marks.file(seat_plan.seat.id)),
        network.namespace(seat_plan.seat.id),
        unit,
        str(folder),
        disk.overlay(seat_plan, "server", layers).options,
    ] == argv[6:11]
    assert network.cable_commands(seat_plan, server) == (folder / "network").read_text()
    assert (folder / "lowers").exists()


def test_command_boots_in_the_namespace_of_the_host(seat_plan: Plan) -> None:
    """Its control group is ours, its console is read only, and the image is the working folder's."""
    name = network.namespace(seat_plan.seat.id, "client")
    words = nspawn._nspawn(seat_plan, seat_plan.hosts[1])
    assert {
        "--boot",
        "--directory=root",
        "--keep-unit",
        "--console=read-only",
        "--hostname=client",
        f"--machine={name}",
        f"--network-namespace-path={network.NAMESPACES / name}",
    } <= set(words)
    assert Path("/dev/fuse").exists() == ("--bind=/dev/fuse" in words)


def test_facts_are_those_that_ansible_would_gather(seat_plan: Plan, layers: Layers) -> None:
    """The family of the image, the kind of guest, and the key by which SSH knows the host."""
    access.prepare(seat_plan)
    found = nspawn.facts(seat_plan, seat_plan.hosts[0], layers)
    key = access.public(access.host_key(seat_plan, "server"))
    assert ("Debian", key.split()[1]) == (found["os_family"], found["ssh_host_key_ed25519_public"])


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
