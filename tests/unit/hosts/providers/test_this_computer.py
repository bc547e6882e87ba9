"""Hosts of this computer: which are virtual machines, and what they are made from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import privilege, state
from sharklab.cli import flow
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import providers
from sharklab.hosts.image.model import NOTHING, Image, Layers, Snapshots
from sharklab.hosts.providers import (
    claims,
    disk,
    internet_gateway,
    network,
    nspawn,
    qemu,
    shared_limits,
    this_computer,
    user_namespace,
)
from sharklab.hosts.providers.qemu.accelerator import TCG
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support.errors import error_of


def test_auto_makes_machines_of_hosts_with_needs(seat_plan: Plan) -> None:
    """Only these take what a kernel of their own does; nspawn takes it for none, qemu for all."""
    hosts = (replace(seat_plan.hosts[0], needs=("kernel_nfs",)), seat_plan.hosts[1])
    plan = replace(seat_plan, lab=replace(seat_plan.lab, hosts=hosts))

    def adapted(name: str) -> list[bool]:
        changed = providers.get(name).adapt(plan)
        return ["kernel" == host.vars.get("nfs_server_backend") for host in changed.hosts]

    assert [[False, False], [True, True], [True, False]] == [adapted(n) for n in ("nspawn", "qemu", "auto")]


def test_machines_have_more_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a probe may take on emulated machines is more; in containers it is what lab.yml says."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    plan = flow.prepare("tp4", "ada")

    def times(name: str) -> set[float]:
        return {p.timeout for e in providers.get(name).adapt(plan).lab.exercises for p in e.probes}

    assert ({30.0}, {180.0}) == (times("nspawn"), times("auto"))


def test_image_of_containers_without_a_substitute(seat_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Rocky 10 a host that needs NFS is a virtual machine or refused; no container is baked for it."""
    hosts = (replace(seat_plan.hosts[0], needs=("kernel_nfs",)), seat_plan.hosts[1])
    plan = replace(seat_plan, lab=replace(seat_plan.lab, hosts=hosts))
    baked: list[tuple[bool, list[str]]] = []

    def layers(golden: Plan, os: str, bake: object, *rest: object, machine: bool = False) -> Layers:
        baked.append((machine, [host.name for host in golden.hosts]))
        return NOTHING

    monkeypatch.setattr("sharklab.hosts.providers.baking.layers", layers)
    monkeypatch.setattr(qemu, "snapshots", lambda golden, machines, layers, provider, progress: None)
    error = error_of(InputError, providers.get("nspawn").image, plan, "rocky10", print, print)
    assert {"host": "server", "needs": ("kernel_nfs",), "name": "rocky10"} == error.values
    assert [] == baked
    for name in ("rocky10", "debian12"):
        providers.get("auto").image(plan, name, print, print)
    assert [(True, ["server"]), (False, ["client"])] == baked[:2]
    assert [(True, ["server"]), (False, ["server", "client"])] == baked[2:]


def test_make_makes_the_disks_of_a_new_seat_only(seat_plan: Plan, tmp_path: Path) -> None:
    """A disk from which a host has booted may hold a student's work. Machines have no such disk."""
    (tmp_path / "image" / "root").mkdir(parents=True)
    layers = Layers(Image("debian12", "Debian", tmp_path / "image"), tmp_path / "image")
    assert None is providers.get("qemu").make(seat_plan, layers)
    new = providers.get("nspawn").make(seat_plan, layers)
    assert new and {"server", "client"} == set(new.disks) == set(new.facts)
    assert all(each.root.is_dir() for each in new.disks.values())
    assert new == providers.get("nspawn").make(seat_plan, layers)  # after an interruption
    (disk.folder(seat_plan, "client") / disk.CONSOLE).touch()
    assert None is providers.get("nspawn").make(seat_plan, layers)


def test_up_restores_a_machine_again_whose_restoration_was_killed(
    seat_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs, and waits for the values of its seat. One that has them goes on."""
    state.write(state.folder(disk.folder(seat_plan, "server")) / "lowers", "")
    started: list[str] = []
    machines = providers.get("qemu")
    monkeypatch.setattr(this_computer, "_is_running", lambda seat, host: True)
    monkeypatch.setattr(machines, "_prepare", lambda plan: None)
    monkeypatch.setattr(machines, "_wait", lambda *words: None)
    monkeypatch.setattr(machines, "_facts", lambda *words: {})
    monkeypatch.setattr(internet_gateway, "connect", lambda plan: None)
    monkeypatch.setattr(shared_limits, "ensure", lambda *words: None)
    monkeypatch.setattr(qemu, "start", lambda plan, hosts, *rest: started.extend(host.name for host in hosts))
    machines.up(seat_plan, replace(NOTHING, snapshots=Snapshots(NOTHING.image, Path(), TCG)), print)
    assert ["client"] == started


def test_a_host_whose_disk_became_read_only_starts_again(
    seat_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its state says so, until `up` has started it; hosts that can write go on."""
    hosts = {host.name: network.namespace(seat_plan.seat.id, host.name) for host in seat_plan.hosts}
    started: list[str] = []
    containers = providers.get("nspawn")
    claims.claim(seat_plan.seat.id, seat_plan.seat.folder)
    monkeypatch.setattr(this_computer, "_is_running", lambda seat, host: True)
    monkeypatch.setattr(nspawn, "is_read_only", lambda unit: unit == hosts["client"])
    monkeypatch.setattr(nspawn, "start", lambda plan, host, *rest: started.append(host.name))
    monkeypatch.setattr(user_namespace, "decide", lambda *words: True)
    monkeypatch.setattr(containers, "_prepare", lambda plan: None)
    monkeypatch.setattr(containers, "_wait", lambda *words: None)
    monkeypatch.setattr(containers, "_facts", lambda *words: {})
    monkeypatch.setattr(internet_gateway, "connect", lambda plan: None)
    monkeypatch.setattr(shared_limits, "ensure", lambda *words: None)
    assert {"server": "running", "client": "read-only"} == containers.status(seat_plan.seat)
    containers.up(seat_plan, NOTHING, print)
    assert ["client"] == started


def test_hosts_whose_set_up_ended_with_the_power_are_made_again(seat_plan: Plan) -> None:
    """The mark of the seat is gone with the power. Hosts that are set up stay, and so do those of a kill."""
    folder = state.folder(disk.folder(seat_plan, "server"))
    note = seat_plan.seat.folder / "provisioned"
    claims.claim(seat_plan.seat.id, seat_plan.seat.folder)
    providers.get("nspawn").forget_lost(seat_plan.seat)
    claims.release(seat_plan.seat.id)
    note.touch()
    providers.get("nspawn").forget_lost(seat_plan.seat)
    assert folder.is_dir()
    note.unlink()
    (seat_plan.seat.folder / "layers").touch()
    (seat_plan.seat.folder / "class.json").touch()
    providers.get("nspawn").forget_lost(seat_plan.seat)
    assert ["class.json"] == [path.name for path in seat_plan.seat.folder.iterdir()]


def test_layers_of_a_seat_are_found_by_their_name(tmp_path: Path) -> None:
    """The images and their systems come back, also when the roles have changed since."""
    base, own = tmp_path / "debian12-aaaa", tmp_path / "debian12-bbbb"
    for folder, record in ((base, {}), (own, {"below": base.name})):
        folder.mkdir()
        (folder / "image.json").write_text(json.dumps(record))
    made = Layers(Image("debian12", "Debian", own, Image("debian12", "Debian", base)), own / "tp4-cccc")
    assert made == this_computer.layers_named(made.name)


def test_layers_that_are_gone_are_named(tmp_path: Path) -> None:
    """The error says which image, and what to do."""
    error = error_of(
        MachineryError, lambda: this_computer.layers_named(str(tmp_path / "debian12-aaaa/tp4-b"))
    )
    assert str(tmp_path / "debian12-aaaa") == error.place


def test_sweep_leaves_a_seat_to_the_command_that_works_on_it(
    seat_plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also where its folder is not there yet, or not any more. Else the seat could be made anew meanwhile."""
    cleared: list[str] = []
    monkeypatch.setattr(claims, "MARKS", tmp_path / "marks")
    monkeypatch.setattr(this_computer, "_clear_seat", cleared.append)
    monkeypatch.setattr(privilege, "require_root", lambda why: None)
    own, hosts = seat_plan.seat, this_computer.CONTAINERS
    claims.claim(own.id, own.folder)
    with state.lock(state.seat_lock(own.folder), Message("a seat")):
        hosts.sweep()
    assert ([], own.folder) == (cleared, claims.owner(own.id))
    state.folder(own.folder)
    hosts.sweep()
    assert ([], own.folder) == (cleared, claims.owner(own.id))
    state.remove(own.folder)
    hosts.sweep()
    assert ([own.id], None) == (cleared, claims.owner(own.id))


def test_a_seat_is_marked_when_its_folder_is_there(seat_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark without a folder is taken for the remains of a seat."""
    monkeypatch.setattr(privilege, "require_root", lambda why: None)
    monkeypatch.setattr(claims, "claim", lambda seat_id, folder: seen.append(folder.is_dir()))
    seen: list[bool] = []
    state.remove(seat_plan.seat.folder)
    this_computer.CONTAINERS._prepare(seat_plan)
    assert [True] == seen
