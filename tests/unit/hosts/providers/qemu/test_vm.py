"""Virtual machines without starting one: what runs them, how they are told things, what makes them one's."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import system_packages
from sharklab.cli import flow
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import providers
from sharklab.hosts.image import Image
from sharklab.hosts.image.model import NOTHING, Engine, Layers
from sharklab.hosts.providers import access, network, qemu
from sharklab.hosts.providers.qemu import engine, restoration, rights, startup, trial, vm
from sharklab.hosts.providers.qemu.monitor import Monitor
from sharklab.hosts.providers.qemu.vm import VirtualMachine
from sharklab.lab import needs, schema
from sharklab.lab.model import Host, Plan
from tests.support import provider_seat
from tests.unit.cli.test_setup import script

KERNEL = Path("/boot/vmlinuz")


@pytest.fixture
def seat_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of a seat that never starts, in a state folder of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    return provider_seat.plan("ada", 1)


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that writes the program that is started in QEMU's place."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    knows = 'case "$*" in -help) exit ;; esac'
    return lambda *lines, knows=knows: script(tmp_path / "bin", engine.QEMU, knows, *lines)


def test_boots_of_a_guest_that_hangs(emulator: Callable[..., None]) -> None:
    """An accelerator that opens and never gets anywhere does not count."""
    emulator("echo 'Linux version 6.1'", "exec sleep 600")
    assert not trial.boots(KERNEL, engine.KVM, 0.5)


def test_boots_of_a_guest_that_dies(emulator: Callable[..., None]) -> None:
    """Neither does one that fails at once."""
    emulator("echo 'failed to set MSR' >&2", "exit 134")
    assert not trial.boots(KERNEL, engine.KVM)


def test_boots_of_a_guest_that_gets_there(emulator: Callable[..., None]) -> None:
    """A kernel that looks for its root has proved the accelerator."""
    emulator("echo 'VFS: Unable to mount root fs on unknown-block(0,0)'")
    assert trial.boots(KERNEL, engine.KVM)


def test_program_outside_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red Hat's QEMU is found where it is, asked its version and made the machine's command."""
    script(tmp_path, "qemu-kvm", "echo QEMU emulator version 9.1.0")
    [qemu] = [package for package in system_packages.table() if package.gives == engine.QEMU]
    monkeypatch.setattr(system_packages, "table", lambda: (replace(qemu, alias=str(tmp_path / "qemu-kvm")),))
    monkeypatch.setattr(shutil, "which", lambda name: name if "/" in name else None)
    assert str(tmp_path / "qemu-kvm") == engine.program()
    assert "QEMU emulator version 9.1.0" == engine.version()


def test_program_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any QEMU the error says what to install."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MachineryError, match="not installed on this machine: qemu-system-x86_64") as caught:
        engine.program()
    assert "qemu-kvm" in caught.value.hint


def test_find_tries_once_after_each_start(
    emulator: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The device is there; what a trial said holds until the computer starts anew."""
    boot = tmp_path / "boot_id"
    boot.write_text("first\n")
    monkeypatch.setattr(engine, "DEVICE", tmp_path)
    monkeypatch.setattr(trial, "BOOT_ID", boot)
    emulator("echo 'failed to set MSR' >&2", "exit 134")
    assert engine.TCG == trial.choose(KERNEL)
    emulator("echo 'Unable to mount root fs'")
    assert engine.TCG == trial.choose(KERNEL)
    boot.write_text("second\n")
    assert engine.KVM == trial.choose(KERNEL)


def test_find_without_the_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is tried where there is nothing to try."""
    monkeypatch.setattr(engine, "DEVICE", tmp_path / "kvm")
    assert engine.TCG == trial.choose(KERNEL)


def monitored(tmp_path: Path, *answers: object, heard: list[tuple[str, list[int]]] | None = None) -> Path:
    """Return the socket of a monitor that greets, and then gives one answer to each command.

    Commands, and the files that came with them, are added to `heard`.
    """
    file = tmp_path / "qmp"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(file))
    server.listen()

    def serve() -> None:
        with server, server.accept()[0] as peer:
            peer.sendall(b'{"QMP": {}}\n')
            for answer in ({"return": {}}, *answers):
                line, files, _, _ = socket.recv_fds(peer, 4096, 4)
                if heard is not None and line:
                    heard.append((json.loads(line)["execute"], files))
                peer.sendall((json.dumps({"event": "RESUME"}) + "\n" + json.dumps(answer) + "\n").encode())

    threading.Thread(target=serve, daemon=True).start()
    return file


def test_monitor_takes_answers_and_leaves_events(tmp_path: Path) -> None:
    """What QEMU tells unasked is no answer."""
    with Monitor(monitored(tmp_path, {"return": {"status": "running"}})) as own_monitor:
        assert {"status": "running"} == own_monitor.ask("query-status")


def test_monitor_that_refuses(tmp_path: Path) -> None:
    """What QEMU refuses is an error with its own words."""
    file = monitored(tmp_path, {"error": {"desc": "no such thing"}})
    with Monitor(file) as own_monitor, pytest.raises(MachineryError) as caught:
        own_monitor.ask("blow-up")
    assert "QEMU refuses blow-up: no such thing" == caught.value.message


def test_monitor_of_a_qemu_that_is_gone(tmp_path: Path) -> None:
    """So is one that has ended, before or in the middle of a talk."""
    with pytest.raises(MachineryError, match="QEMU does not answer"):
        Monitor(tmp_path / "nothing")
    with (
        Monitor(monitored(tmp_path)) as own_monitor,
        pytest.raises(MachineryError, match="QEMU does not answer"),
    ):
        own_monitor.ask("query-status")


def test_migrate_that_fails(tmp_path: Path) -> None:
    """A state that cannot be taken is told at once."""
    file = monitored(tmp_path, *[{"return": {}}] * 3, {"return": {"status": "failed"}})
    (tmp_path / "devices").touch()
    with Monitor(file) as own_monitor, pytest.raises(MachineryError, match="failed"):
        own_monitor.restore(tmp_path / "devices")


def test_save_hands_the_open_file_over(tmp_path: Path) -> None:
    """QEMU, which may not open it itself, is given the file along with the command that names it."""
    done = {"return": {"status": "completed"}}
    heard: list[tuple[str, list[int]]] = []
    file = monitored(tmp_path, *[{"return": {}}] * 3, done, heard=heard)
    with Monitor(file) as own_monitor:
        own_monitor.save(tmp_path / "devices")
    given = {command: len(files) for command, files in heard}
    expected = {"qmp_capabilities": 0, "migrate-set-capabilities": 0, "getfd": 1, "migrate": 0}
    assert {**expected, "query-migrate": 0} == given
    [written] = [files[0] for _, files in heard if files]
    with os.fdopen(written, "wb") as target:
        target.write(b"state")
    assert b"state" == (tmp_path / "devices").read_bytes()


def test_command_differs_only_where_a_restored_machine_must(seat_plan: Plan, tmp_path: Path) -> None:
    """A machine is restored by the command that made its snapshot, but for disk, memory and waiting."""
    (tmp_path / "root/boot").mkdir(parents=True)
    (tmp_path / "root/boot/vmlinuz-6").touch()
    base = Image("debian12-vm", "Debian", tmp_path)
    made = VirtualMachine(Engine("tcg", "max"), base, (Path("a"), Path("b,b")), Path("m"))
    host = seat_plan.hosts[0]
    golden = vm.command(seat_plan, host, replace(made, is_shared=True))
    again = vm.command(seat_plan, host, replace(made, disks=(Path("c"), Path("b,b")), waits=True))
    differs = [(one, other) for one, other in zip(golden, again, strict=False) if one != other]
    assert ["share=on", "share=off"] == [word.split(",")[4] for word in differs[0]]
    assert (2, ["-incoming", "defer"]) == (len(differs), again[len(golden) :])
    macs = [mac for _, _, mac in network.ports(seat_plan, host)]
    assert [True, True] == [any(f"mac={mac}" in word for word in golden) for mac in macs]
    assert not any("user" in word for word in golden if word.startswith("tap") or "netdev" in word)


def test_command_gives_rights_up(seat_plan: Plan, tmp_path: Path) -> None:
    """QEMU becomes a user of the seat's own, who cannot start anything and opens nothing anew."""
    (tmp_path / "root/boot").mkdir(parents=True)
    (tmp_path / "root/boot/vmlinuz-6").touch()
    made = VirtualMachine(engine.TCG, Image("debian12-vm", "Debian", tmp_path), (Path("a"),), Path("m"))
    words = vm.command(seat_plan, seat_plan.hosts[0], made)
    user, _, group = words[words.index("-runas") + 1].partition(":")
    assert (rights.user(seat_plan.seat.id), rights.GROUP) == (int(user), int(group))
    assert {"on", "obsolete=deny", "spawn=deny", "resourcecontrol=deny"} == set(
        words[words.index("-sandbox") + 1].split(",")
    )
    assert "-daemonize" not in words
    assert "auto-read-only=off" in words[words.index("-drive") + 1].split(",")


def test_command_of_a_newer_qemu(
    emulator: Callable[..., None], seat_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that can is told to change users by -run-with, and to open the golden memory for reading only."""
    emulator(
        'case "$*" in *file,help) echo "  rom=<OnOffAuto>" ;; esac',
        knows='case "$*" in -help) echo "-run-with [chroot=dir][user=username|uid:gid]" ;; esac',
    )
    who = f"user={rights.user('7e570001')}:{rights.GROUP}"
    assert ["-run-with", who] == rights.options("7e570001")[:2]
    assert vm.memory(Path("m"), False).endswith(",share=off,readonly=on,rom=off")
    assert vm.memory(Path("m"), True).endswith(",share=on")


def test_command_tells_what_is_below_a_disk(seat_plan: Plan, tmp_path: Path) -> None:
    """What QEMU opens as root is what sharklab says, not what the disk does."""
    (tmp_path / "root/boot").mkdir(parents=True)
    (tmp_path / "root/boot/vmlinuz-6").touch()
    disks = (Path("own"), Path("golden"), Path("base,1"))
    made = VirtualMachine(engine.TCG, Image("debian12-vm", "Debian", tmp_path), disks, Path("m"))
    words = vm.command(seat_plan, seat_plan.hosts[0], made)
    told = dict(part.split("=") for part in words[words.index("-drive") + 1].replace(",,", ";").split(","))
    levels = ("", "backing.", "backing.backing.")
    assert ["own", "golden", "base;1"] == [told[f"{level}file.filename"] for level in levels]
    assert ["qcow2", "qcow2", "raw"] == [told[f"{level}driver"] for level in levels]


def test_launched_refuses_a_disk_with_its_data_elsewhere(seat_plan: Plan, tmp_path: Path) -> None:
    """A disk that was tampered with is not opened by root."""
    words = ["qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=elsewhere", "own", "1M"]
    subprocess.run(words, cwd=tmp_path, check=True)
    made = VirtualMachine(
        engine.TCG, Image("debian12-vm", "Debian", tmp_path), (tmp_path / "own",), Path("m")
    )
    with (
        pytest.raises(MachineryError, match="the disk of server says") as caught,
        startup.started(seat_plan, seat_plan.hosts[0], made),
    ):
        pass
    assert str(tmp_path / "own") == caught.value.place


def test_user_is_the_seats_own() -> None:
    """Two seats' QEMUs are two users, of numbers that systemd's table gives to nobody."""
    users = {rights.user(f"7e57{number:04x}") for number in range(200)}
    assert 200 == len(users) and all(rights.GROUP < user < 0x7FFE0000 for user in users)


def test_archive_holds_what_is_the_seats(seat_plan: Plan) -> None:
    """Name, identity, keys and addresses are in it with their modes, and nothing of the way in."""
    access.prepare(seat_plan)
    host = seat_plan.hosts[0]
    with tarfile.open(fileobj=io.BytesIO(restoration.archive(seat_plan, host))) as tar:
        entries = {entry.name: entry for entry in tar.getmembers()}
        texts = {name: tar.extractfile(name).read() for name in entries}  # type: ignore[union-attr]
    assert b"server\n" == texts["etc/hostname"]
    assert (
        str(seat_plan.seat.address("server", "lan").ipv4).encode()
        in texts["etc/NetworkManager/system-connections/lan.nmconnection"]
    )
    assert "etc/NetworkManager/system-connections/mgmt.nmconnection" not in entries
    assert 0o600 == entries["etc/ssh/ssh_host_ed25519_key"].mode
    assert {0} == {entry.uid for entry in entries.values()}
    assert 64 == len(texts["run/sharklab-seed"])
    assert b"systemctl reload sshd\n" in texts["run/sharklab-awake"]


def test_seeds_of_two_machines_differ(seat_plan: Plan) -> None:
    """Machines from one snapshot do not draw the same random numbers."""
    access.prepare(seat_plan)
    seeds = set()
    for _ in range(2):
        with tarfile.open(fileobj=io.BytesIO(restoration.archive(seat_plan, seat_plan.hosts[0]))) as tar:
            seeds.add(tar.extractfile("run/sharklab-seed").read())  # type: ignore[union-attr]
    assert 2 == len(seeds)


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


def test_needs_leave_an_authors_choice(seat_plan: Plan) -> None:
    """What lab.yml says of a role counts."""
    host = Host("a", {}, ("lan",), (), {"nfs_server_backend": "ganesha"})
    plan = replace(seat_plan, lab=replace(seat_plan.lab, hosts=(host,)))
    [changed] = needs.use_own_kernels(plan, {"a"}).hosts
    assert {"nfs_server_backend": "ganesha", "nfs_client_backend": "kernel"} == changed.vars


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
    with pytest.raises(InputError, match=r"host server needs kernel_nfs, .*containers of rocky10"):
        providers.get("nspawn").image(plan, "rocky10", print, print)
    assert [] == baked
    for name in ("rocky10", "debian12"):
        providers.get("auto").image(plan, name, print, print)
    assert [(True, ["server"]), (False, ["client"])] == baked[:2]
    assert [(True, ["server"]), (False, ["server", "client"])] == baked[2:]


def test_needs_are_those_of_the_schema() -> None:
    """What lab.yml may ask for is what is known here."""
    assert list(needs.NEEDS) == schema.read()["$defs"]["host"]["properties"]["needs"]["items"]["enum"]
